/** One process of a fleet, with a manager of its own: does what stands on its standard input, line by line. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  asTokenError,
  createTokenManager,
  refreshEndpoint,
  type TokenResponse,
  type TokenStore,
} from '../../../src/index.ts';
import { answer } from './answers.ts';

/** How a process is told who it is, in the environment variable `WORKER`. */
export interface WorkerInput {
  readonly name: string;
  readonly tokenEndpoint: string;
  readonly api: string;
  /** For the function that opens the store. */
  readonly store: unknown;
  /** @default 15_000 */
  readonly refreshTimeout?: number | undefined;
}

/** What came of the requests of a process: how many were answered 200, and each other end with its number. */
export interface Traffic {
  served: number;
  others: Record<string, number>;
}

export interface WorkerActs {
  signIn(tokens: TokenResponse): Promise<void>;
  signOut(): Promise<void>;
  /** One request: its status, or why it failed. */
  get(): Promise<number | string>;
  token(): string | undefined;
  /** The store has been read. */
  ready(): Promise<void>;
  status(): string;
  refresh(): Promise<string>;
  /** Requests from now on, with a pause of about so many ms between them. */
  begin(pause: number): void;
  /** No more requests; answers what came of them. */
  end(): Promise<Traffic>;
  /** What the manager has told since the last call: event, cause or reason, and whether elsewhere. */
  told(): string[];
  /** The clock goes forward by so many ms at once, as it does while a machine sleeps. */
  pass(ms: number): void;
  close(): void;
  /** Timers and the like that keep the process alive. */
  resources(): string[];
}

/** @param open - Opens the store in this process. */
export function work(open: (input: never, worker: WorkerInput) => TokenStore): void {
  const input = JSON.parse(`${process.env['WORKER']}`) as WorkerInput;
  const { name, tokenEndpoint, api, refreshTimeout } = input;
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'tool' }),
    allow: api,
    store: open(input.store as never, input),
    refreshTimeout,
    fetch(target, init) {
      const request = new Request(target, init);
      request.headers.set('x-worker', name);
      return fetch(request);
    },
  });
  const told: string[] = [];
  auth.on('*', (event, payload) => {
    const { cause, reason, elsewhere, error } = payload as Record<string, unknown>;
    told.push([event, cause ?? reason ?? error ?? '', elsewhere ? 'elsewhere' : ''].join(' ').trim());
  });

  const traffic: Traffic = { served: 0, others: {} };
  let isOn = false;
  let running: Promise<void> | undefined;

  async function get(): Promise<number | string> {
    try {
      const response = await auth.fetch(`${api}/item`);
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      const known = asTokenError(error);
      return known ? `${known.code}: ${known.message}` : `${error}`;
    }
  }

  async function run(pause: number): Promise<void> {
    while (isOn) {
      const end = await get();
      if (end === 200) traffic.served++;
      else traffic.others[end] = (traffic.others[end] ?? 0) + 1;
      await sleep(pause * (0.5 + Math.random()));
    }
  }

  const acts: WorkerActs = {
    signIn: (tokens) => auth.signIn(tokens),
    signOut: () => auth.signOut(),
    get,
    token: () => auth.tokens?.accessToken,
    ready: () => auth.ready,
    status: () => auth.status,
    refresh: () =>
      auth.refresh().then(
        () => 'refreshed',
        (error) => asTokenError(error)?.code ?? `${error}`,
      ),
    begin(pause) {
      isOn = true;
      running ??= run(pause);
    },
    async end() {
      isOn = false;
      await running;
      running = undefined;
      return traffic;
    },
    told: () => told.splice(0),
    pass(ms) {
      const { now } = Date;
      Date.now = () => now() + ms;
    },
    close: () => auth.close(),
    resources: () => process.getActiveResourcesInfo(),
  };

  answer(acts);
}
