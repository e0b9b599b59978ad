/** Many requests at once against an API that knows them by number. */
import { setImmediate as turn } from 'node:timers/promises';
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { onTestFinished, vi } from 'vitest';

const API = 'https://api.example.com';

/** Lets this many turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed++) await turn();
}

export interface CrowdOptions extends Partial<TokenManagerOptions> {
  /** Holds an answer of the API. */
  beforeAnswer?: (number: number) => unknown;
  /** What each refresh throws. */
  failure?: Error;
}

export interface Crowd {
  readonly auth: TokenManager;
  /** How often the API was sent each request of the last burst. */
  readonly sent: Uint8Array;
  /** What the requests of the last burst carried. */
  readonly carried: Set<string | null>;
  /** Since the last burst began. */
  refreshes: number;
  /** Whether a request ever came with the body of another one. */
  isMixedUp: boolean;
  /** A part of every address. */
  prefix: string;
  /** Called when a refresh has begun. */
  onRefresh: () => void;
  /** From now on the API refuses the token that is held. */
  kill(): void;
  /** Sends them all at once; gives the status, or what was thrown, of each. */
  burst(init?: RequestInit | ((number: number) => RequestInit)): Promise<unknown[]>;
  /** Runs a task at another time of the clock; timers are left alone. */
  at(time: number, task: () => Promise<void>): Promise<void>;
}

/** Signed in, with a manager that ends with the test. */
export async function createCrowd(size: number, options: CrowdOptions = {}): Promise<Crowd> {
  const { beforeAnswer, failure, ...own } = options;
  let refused: string | undefined;
  let issued = 0;

  const answer: typeof fetch = async (input, init) => {
    const number = Number(`${input}`.slice(`${input}`.lastIndexOf('/') + 1));
    const authorization = new Headers(init?.headers).get('authorization');
    crowd.sent[number] = (crowd.sent[number] ?? 0) + 1;
    crowd.carried.add(authorization);
    if (init?.body && init.body !== `body ${number}`) crowd.isMixedUp = true;
    if (beforeAnswer) await beforeAnswer(number);
    return new Response(null, { status: authorization === refused ? 401 : 204 });
  };

  const auth = createTokenManager({
    allow: API,
    fetch: answer,
    async refresh() {
      crowd.refreshes += 1;
      await turns(5);
      crowd.onRefresh();
      if (failure) throw failure;
      await turns(5);
      issued += 1;
      return { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in: 3600 };
    },
    ...own,
  });
  onTestFinished(() => auth.close());
  await auth.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 });

  const crowd: Crowd = {
    auth,
    sent: new Uint8Array(size),
    carried: new Set(),
    refreshes: 0,
    isMixedUp: false,
    prefix: '',
    onRefresh: () => {},
    kill() {
      refused = `Bearer ${auth.tokens?.accessToken}`;
    },
    async burst(init = {}) {
      crowd.sent.fill(0);
      crowd.carried.clear();
      crowd.refreshes = 0;
      const requests = Array.from({ length: size }, (_, number) => {
        const given = typeof init === 'function' ? init(number) : init;
        const body = given.method === 'POST' ? { body: `body ${number}` } : {};
        return auth.fetch(`${API}/${crowd.prefix}${number}`, { ...given, ...body });
      });
      const settled = await Promise.allSettled(requests);
      return settled.map((one) => (one.status === 'fulfilled' ? one.value.status : one.reason));
    },
    async at(time, task) {
      vi.useFakeTimers({ toFake: ['Date'], now: time });
      await task().finally(() => vi.useRealTimers());
    },
  };
  return crowd;
}
