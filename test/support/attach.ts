/** What the fetch underneath receives, and tokens to go with it. */
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { expect } from 'vitest';
import { API, createManager, type World } from './world.ts';

/** Arguments of fetch. */
export type Args = [input: RequestInfo | URL, init?: RequestInit];

/** A call as it reached the fetch underneath. */
export interface Delivery {
  readonly input: RequestInfo | URL;
  readonly init: (RequestInit & Record<string, unknown>) | undefined;
  /** What the platform makes of it at that moment. */
  readonly request: Request;
}

export interface Recorder {
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  readonly deliveries: Delivery[];
}

/** A fetch underneath that answers everything, and reads a call at once as the platform does. */
export function createRecorder(
  answer: (request: Request, count: number) => Response | Promise<Response> = () => new Response('ok'),
): Recorder {
  const deliveries: Delivery[] = [];
  return {
    deliveries,
    async fetch(input, init) {
      const request = new Request(input, init);
      deliveries.push({ input, init: init as Delivery['init'], request });
      return answer(request, deliveries.length);
    },
  };
}

/** A delivery as plain data, without the random boundary of a form. */
export async function describeDelivery({ request, init }: Delivery) {
  const { method, url, mode, credentials, cache, redirect, referrer, referrerPolicy } = request;
  const { integrity, keepalive, signal } = request;
  const plain = (text: string) => text.replace(/-*formdata-undici-\d+/g, 'BOUNDARY');
  const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name, plain(value)]));
  return {
    ...{ method, url, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive },
    isAborted: signal.aborted,
    headers,
    body: plain(await request.clone().text()),
    unknown: ['dispatcher', 'next', 'cf', 'priority'].map((name) => init?.[name]),
  };
}

/** A manager over that recorder whose refresh is the test's own. */
export function createRecorded(
  recorder: Pick<Recorder, 'fetch'>,
  options: Partial<TokenManagerOptions> = {},
): TokenManager {
  const refresh = () => Promise.reject(new Error('no refresh expected'));
  return createTokenManager({ refresh, allow: API, fetch: recorder.fetch, ...options });
}

/** A manager in that world, signed in with `access-0` and `refresh-0`. */
export async function signedIn(
  world: World,
  options: Partial<TokenManagerOptions> = {},
  expiresIn: number | undefined = 3600,
): Promise<TokenManager> {
  const auth = createManager(world, options);
  await auth.signIn({ access_token: 'access-0', refresh_token: 'refresh-0', expires_in: expiresIn });
  return auth;
}

/** An unsigned JWT. */
export function jwt(claims: unknown): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode(claims)}.c2ln`;
}

/** Everything a manager says, in order. */
export function record(auth: TokenManager): [event: string, payload: Record<string, unknown>][] {
  const said: [string, Record<string, unknown>][] = [];
  auth.on('*', (...[event, payload]) => event !== 'not-attached' && said.push([event, { ...payload }]));
  return said;
}

/** What a promise has come to by now, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; isSettled: boolean } {
  const seen: { value?: T; error?: unknown; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

/** What a task throws. */
export function thrownBy(task: () => unknown): Error {
  try {
    task();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** A plain `TypeError` that says all of this. */
export const expectTypeError = (error: Error, ...said: (string | RegExp)[]) => {
  expect(error).toBeInstanceOf(TypeError);
  expect(error.name).toBe('TypeError');
  for (const words of said) expect(error.message).toMatch(words);
};
