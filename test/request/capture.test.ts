import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { targetOf } from '../src/allow.ts';
import { createCapture } from '../src/capture.ts';
import type { Held, Target } from '../src/contracts.ts';
import { hold } from '../src/expiry.ts';
import { readTokenResponse } from '../src/token-response.ts';
import type { CaptureRule, TokenSet } from '../src/types.ts';
import { follow } from './support/recorder.ts';
import { createContext } from './support/sessions.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

const url = 'https://api.example.com/password';
const rule: CaptureRule = { url };
const margins = { refreshAhead: 60_000, leeway: 10_000 };
const accept = (answer: unknown, issuedAt: number, previous?: TokenSet): Held =>
  hold(readTokenResponse(answer, ['bearer'], previous), issuedAt, margins, previous);

/** Signed in with `first`; what `send` is given answers the request. */
async function setUp(rules: CaptureRule[] = [rule], isSignedIn = true) {
  const told: string[] = [];
  const { sessions } = createContext({ add: (event) => told.push(event) });
  const first = accept({ access_token: 'first', refresh_token: 'r0' }, 0);
  if (isSignedIn) await sessions.open(() => true, first, 'local');
  const revoked: (string | undefined)[] = [];
  const capture = createCapture(rules, {
    sessions,
    accept,
    flush: () => told.push('flush'),
    revokeTokens: ({ refreshToken }) => revoked.push(refreshToken),
  });
  const send = (answer: Promise<Response> | Response, carried?: string, signal?: AbortSignal) =>
    capture({ target: targetOf(url) as Target, method: 'POST', signal }, carried, async () => answer);
  const tokens = () => sessions.current.held?.tokens;
  told.length = 0;
  return { sessions, told, send, tokens, revoked };
}

const grant = (access_token: string, more: object = {}) => Response.json({ access_token, ...more });

test('R40, R41: the response is handed on, still readable, after its tokens are current and told', async () => {
  const { send, tokens, told } = await setUp();
  const response = await send(grant('second', { expires_in: 60 }), 'first');
  expect(tokens()).toMatchObject({ accessToken: 'second', refreshToken: 'r0', expiresAt: 61_000 });
  expect(told).toEqual(['token-refreshed', 'flush']);
  expect(await response.json()).toMatchObject({ access_token: 'second' });
});

test.each<[why: string, CaptureRule, Response]>([
  ['of another URL', { url: 'https://api.example.com/other' }, grant('second')],
  ['of another method', { url, method: ['get', 'PUT'] }, grant('second')],
  ['that is no success', rule, Response.json({ access_token: 'second' }, { status: 400 })],
  ['whose `read` finds none', { url, read: () => undefined }, grant('second')],
  ['that is no JSON', rule, new Response('<p>')],
  ['that is something else', { url, method: 'post' }, Response.json({ done: true })],
])('R40: a response %s brings no tokens', async (_why, own, answer) => {
  const { send, tokens } = await setUp([own]);
  expect(await send(answer, 'first')).toBe(answer);
  expect(tokens()?.accessToken).toBe('first');
});

test('R41: signed out only a rule that starts a session is heard; that one always begins a new one', async () => {
  const deaf = await setUp([rule], false);
  await deaf.send(grant('second'));
  expect([deaf.tokens(), deaf.told]).toEqual([undefined, []]);
  const { send, tokens, told } = await setUp([{ ...rule, startsSession: true }]);
  await send(grant('second'));
  expect(tokens()).toEqual({ accessToken: 'second', tokenType: 'Bearer' });
  expect(told).toEqual(['signed-out', 'signed-in', 'flush']);
});

test('R41: tokens for a session that is over by then are dropped', async () => {
  const { send, sessions, tokens } = await setUp();
  const answer = deferred<Response>();
  const sent = send(answer.promise, 'first');
  await sessions.end();
  answer.resolve(grant('second', { refresh_token: 'r1' }));
  await sent;
  expect(tokens()).toBeUndefined();
});

test('R43: an access token alone replaces only the one its request carried; the later sent wins', async () => {
  const { send, tokens } = await setUp();
  await send(grant('stranger'), 'older');
  expect(tokens()?.accessToken).toBe('first');
  const early = deferred<Response>();
  const sent = [send(early.promise, 'first'), send(grant('later'), 'first')];
  await sent[1];
  early.resolve(grant('early', { refresh_token: 'r1' }));
  await sent[0];
  expect(tokens()?.accessToken).toBe('later');
  await send(grant('last'));
  expect(tokens()?.accessToken).toBe('last');
});

test('R42: a refresh token of its own ends the wait for a refresh that began before; without one it does not', async () => {
  const { send, sessions } = await setUp();
  const release = vi.fn();
  const { current } = sessions;
  const { base } = current;
  current.run = { base, work: Promise.resolve(), release };
  await send(grant('second'), 'first');
  expect([current.base, release.mock.calls]).toEqual([base, []]);
  await send(grant('third', { refresh_token: 'r1' }), 'older');
  expect([current.base, release.mock.calls.length]).toEqual([current.n, 1]);
  expect(current.base).toBeGreaterThan(base);
});

test('R41: the response waits 5 s at most for its reader, and who aborts does not wait at all', async () => {
  const { send, sessions } = await setUp([{ url, read: () => new Promise(() => {}) }]);
  const abort = new AbortController();
  const waits = follow(send(grant('second'), 'first'));
  const leaves = follow(send(grant('second'), 'first', abort.signal));
  abort.abort('enough');
  await vi.advanceTimersByTimeAsync(4_999);
  expect([waits.state, leaves.value, sessions.current.captures.size]).toEqual(['pending', 'enough', 2]);
  await vi.advanceTimersByTimeAsync(1);
  expect([waits.state, sessions.current.captures.size]).toEqual(['resolved', 0]);
});

test('R55: what a `read` throws is reported, and what the request throws is thrown', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const error = new Error('no such header');
  const { send } = await setUp([{ url, read: () => Promise.reject(error) }]);
  expect((await send(grant('second'))).ok).toBe(true);
  expect(reported).toHaveBeenCalledExactlyOnceWith(error);
  await expect(send(Promise.reject(error))).rejects.toBe(error);
});

test('a rule that is none is named, with its place', async () => {
  const create = (rule: object) => setUp([{ url }, rule as CaptureRule]);
  await expect(create({})).rejects.toThrow('evertoken: options.capture[1].url is undefined');
  await expect(create({ url: 'api' })).rejects.toThrow('evertoken: options.capture[1].url is string');
  await expect(create({ url, reads: 1 })).rejects.toThrow('evertoken: options.capture[1].reads is number');
});

test.each([
  ['revoked, if the sign-out revokes', true, ['r1']],
  ['left alone, if it does not', false, []],
])('R32: tokens that come after a sign-out are dropped and %s', async (_what, isRevoked, expected) => {
  const { sessions, send, tokens, revoked } = await setUp();
  const answer = deferred<Response>();
  const response = send(answer.promise, 'first');
  const was = sessions.current;
  await sessions.end(isRevoked);
  was.isRevoked = isRevoked;
  answer.resolve(grant('second', { refresh_token: 'r1' }));
  await response;
  expect(tokens()).toBeUndefined();
  expect(revoked).toEqual(expected);
});

test('R40: where only headers are read, the body is kept for the caller alone, who need not read it first', async () => {
  const read = ({ headers }: Response) => ({ access_token: `${headers.get('x-new-token')}` });
  const { send, tokens } = await setUp([{ url, read }]);
  const answer = new Response('the body', { headers: { 'x-new-token': 'second' } });
  const clone = vi.spyOn(answer, 'clone');
  const response = await send(answer, 'first');
  expect(tokens()?.accessToken).toBe('second');
  const copy = clone.mock.results[0]?.value as Response;
  expect(await copy.body?.getReader().read()).toMatchObject({ done: true });
  expect(await response.text()).toBe('the body');
});
