/** What the tests of refusal and refresh share: a signed-in manager, its events, a `refresh` that is told when to answer. */
import {
  asTokenError,
  type Refresh,
  type TokenEvents,
  type TokenManager,
  type TokenManagerOptions,
  type TokenResponse,
} from 'evertoken';
import { vi } from 'vitest';
import { API, createManager, createWorld, deferred, type World } from './world.ts';

export const ME = `${API}/me`;

/** An event and what came with it. */
export type Heard = { [E in keyof TokenEvents]: [event: E, payload: TokenEvents[E]] }[keyof TokenEvents];

/** Collects what a manager tells of tokens. */
export function listen(auth: TokenManager): Heard[] {
  const heard: Heard[] = [];
  auth.on('*', (...entry) => entry[0] !== 'not-attached' && heard.push(entry));
  return heard;
}

export const names = (heard: Heard[]): string[] => heard.map(([event]) => event);

/** The payloads of one event. */
export const payloads = <E extends keyof TokenEvents>(heard: Heard[], event: E): TokenEvents[E][] =>
  heard.filter(([name]) => name === event).map(([, payload]) => payload as TokenEvents[E]);

/** How a promise ended: `resolved`, the code of its TokenError, or the name of another error. */
export const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => asTokenError(error)?.code ?? (error as Error).name,
  );

/** What a promise rejected with. */
export const failure = (promise: Promise<unknown>): Promise<Error & { code?: string; retryAt?: number }> =>
  promise.then(
    () => {
      throw new Error('resolved, though it should have been rejected');
    },
    (error) => error,
  );

/** A response in a word, for requests that should be answered. */
export const status = async (response: Promise<Response>): Promise<number> => (await response).status;

/** Tokens as a login hands them over; they are good for an hour. */
export const login = (overrides: TokenResponse = {}): TokenResponse => ({
  access_token: 'access-0',
  refresh_token: 'refresh-0',
  expires_in: 3600,
  ...overrides,
});

export interface Scene {
  world: World;
  auth: TokenManager;
  heard: Heard[];
}

/** A signed-in manager whose API takes `good` only; `heard` begins after the sign-in. */
export async function signedIn({
  good,
  tokens,
  world = createWorld(),
  ...options
}: Partial<TokenManagerOptions> & {
  good?: string;
  tokens?: TokenResponse;
  world?: World;
} = {}): Promise<Scene> {
  world.good = good;
  const auth = createManager(world, options);
  await auth.signIn(login(tokens));
  return { world, auth, heard: listen(auth) };
}

/** A `refresh` of the user's own, each call of which is answered by the test. */
export function ownRefresh() {
  const calls: {
    tokens: Parameters<Refresh>[0]['tokens'];
    signal: AbortSignal;
    resolve(answer: TokenResponse): void;
    reject(error: unknown): void;
  }[] = [];
  const refresh: Refresh = ({ tokens, signal }) => {
    const { promise, resolve, reject } = deferred<TokenResponse>();
    calls.push({ tokens, signal, resolve, reject });
    return promise;
  };
  return { refresh, calls };
}

/** Lets everything run that needs no time to pass. */
export const settle = () => vi.advanceTimersByTimeAsync(0);

/** An hour's token that is ten minutes old is good for less than this. */
export const LONGER = 3_100_000;

/** Ten minutes go by, so that a wish for `LONGER` needs a refresh. */
export const age = () => vi.advanceTimersByTimeAsync(600_000);

/** A page's `window` as far as events go; call before the manager is created. */
export function stubWindow(): EventTarget {
  const window = new EventTarget();
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  return window;
}
