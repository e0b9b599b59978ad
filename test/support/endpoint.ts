/** A token endpoint that gives one answer after the other, and one refresh at it. */
import { type RefreshEndpointOptions, refreshEndpoint, type TokenSet } from 'evertoken';
import { vi } from 'vitest';
import { follow } from './recorder.ts';

export type GiveAnswer = () => Response | Promise<Response>;

export const held = { accessToken: 'access', tokenType: 'Bearer', refreshToken: 's3cret' };
export const grant = { access_token: 'next' };

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    Response.json(body, { status, headers });

export const lost = (): Promise<never> => Promise.reject(new TypeError('fetch failed'));

/**
 * Each call takes the next answer; the last one stays. Waiters give up after 10 s of the 20; fake timers have to be
 * there.
 */
export function setUp(options: Partial<RefreshEndpointOptions>, ...answers: GiveAnswer[]) {
  const sent: { request: Request; at: number }[] = [];
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    init?.signal?.throwIfAborted();
    sent.push({ request: new Request(input, init), at: Date.now() });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return (answer ?? json(200, grant))();
  };
  const refresh = refreshEndpoint({ url: 'https://as.example.com/token', ...options });
  const signal = Object.assign(new AbortController().signal, { deadline: Date.now() + 20_000 });
  const ask = async (tokens: TokenSet | undefined = held): Promise<unknown> => {
    const asked = follow(refresh({ tokens, signal, fetch: send }));
    await vi.advanceTimersByTimeAsync(9_000);
    return asked.value;
  };
  return { ask, sent, refresh, send, signal };
}
