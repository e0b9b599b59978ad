/** A strict authorization server and its API, for many processes: it counts what they do and knows who did it. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';

export interface StrictServerOptions {
  /** How long an access token lives (ms). @default 1_000 */
  lifetime?: number;
  /** Between the rotation and its answer (ms). @default 20 */
  delay?: number;
  /** So long a spent refresh token brings its successor once more (ms). @default 0, which is strict */
  reuseInterval?: number;
}

/** A refresh token, and with it the access token of the same number. */
interface Rotation {
  readonly number: number;
  readonly family: number;
  readonly issuedAt: number;
  /** Somebody has used the access token. */
  isSeen: boolean;
  /** By whom it was spent, when, and for what. */
  spent?: { by: string; at: number; for: Rotation };
}

/** A spent refresh token that was presented again. */
export interface Reuse {
  readonly holder: string;
  readonly by: string;
  /** Its holder was killed before anybody could use what it got: nobody can mend that (R54). */
  readonly isUnmendable: boolean;
  /** What the holder got was given once more. */
  readonly isForgiven: boolean;
}

export interface FleetStats {
  signIns: number;
  /** Calls of the token endpoint. */
  calls: number;
  /** Those that brought new tokens. */
  refreshes: number;
  /** Refreshes of an access token that had more than a third of its life before it. */
  early: number;
  reuses: Reuse[];
  /** Requests that carried a good token, and those that did not. */
  served: number;
  refused: number;
  outageCalls: number;
}

/** The longest body is that of a refresh. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

export async function startStrictServer(options: StrictServerOptions = {}) {
  const { lifetime = 1_000, delay = 20, reuseInterval = 0 } = options;
  const http = await listenOnLoopback();
  const stats: FleetStats = {
    ...{ signIns: 0, calls: 0, refreshes: 0, early: 0, served: 0, refused: 0, outageCalls: 0 },
    reuses: [],
  };
  const rotations: Rotation[] = [];
  const dead = new Set<number>();
  const killed = new Set<string>();
  let isOut = false;
  let skew = 0;
  const now = () => Date.now() + skew;

  function issue(family: number): Rotation {
    const rotation = { number: rotations.length, family, issuedAt: now(), isSeen: false };
    rotations.push(rotation);
    return rotation;
  }
  const answerOf = ({ number }: Rotation) => ({
    access_token: `access-${number}`,
    refresh_token: `refresh-${number}`,
    token_type: 'Bearer',
    expires_in: lifetime / 1_000,
  });
  const find = (kind: string, text: string | null | undefined) =>
    rotations[Number(new RegExp(`^${kind}-(\\d+)$`).exec(text ?? '')?.[1] ?? Number.NaN)];

  /** What is answered to a spent one: mostly that the session is over. */
  function judge(rotation: Rotation, by: string): Rotation | undefined {
    const { spent } = rotation;
    if (!spent) return undefined;
    const isForgiven = now() - spent.at < reuseInterval && !spent.for.spent;
    const isUnmendable = killed.has(spent.by) && !spent.for.isSeen;
    stats.reuses.push({ holder: spent.by, by, isUnmendable, isForgiven });
    if (!isForgiven) dead.add(rotation.family);
    return isForgiven ? spent.for : undefined;
  }

  function refresh(text: string | null, by: string): Rotation | undefined {
    const rotation = find('refresh', text);
    if (!rotation || dead.has(rotation.family)) return undefined;
    if (rotation.spent) return judge(rotation, by);
    if (now() - rotation.issuedAt < lifetime * 0.66) stats.early++;
    const next = issue(rotation.family);
    rotation.spent = { by, at: now(), for: next };
    stats.refreshes++;
    return next;
  }

  function isGood(header: string | undefined): boolean {
    const rotation = find('access', header?.slice('Bearer '.length));
    if (!rotation || dead.has(rotation.family)) return false;
    rotation.isSeen = true;
    return now() - rotation.issuedAt < lifetime;
  }

  http.handle(async (request, response) => {
    const send = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url !== '/token') {
      const isServed = isGood(request.headers.authorization);
      stats[isServed ? 'served' : 'refused']++;
      return void send(isServed ? 200 : 401, {});
    }
    const form = await readForm(request);
    stats.calls++;
    if (isOut) {
      stats.outageCalls++;
      return void send(503, {});
    }
    const next = refresh(form.get('refresh_token'), `${request.headers['x-worker']}`);
    await sleep(delay);
    send(next ? 200 : 400, next ? answerOf(next) : { error: 'invalid_grant' });
  });

  return {
    stats,
    tokenEndpoint: `${http.origin}/token`,
    api: `${http.origin}/api`,
    /** A new session, for one of the processes to sign in with. */
    login() {
      stats.signIns++;
      return answerOf(issue(rotations.length));
    },
    /** Answers 503 to every refresh from now on. */
    out(isNow: boolean): void {
      isOut = isNow;
    },
    /** The process of this name is dead: what it got and told nobody is lost. */
    killed: (name: string) => void killed.add(name),
    /** Time passes for all tokens. */
    pass(ms: number): void {
      skew += ms;
    },
    close: http.close,
    [Symbol.asyncDispose]: http.close,
  };
}

export type StrictServer = Awaited<ReturnType<typeof startStrictServer>>;
