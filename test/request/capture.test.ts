import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCaptures } from '../../src/request/capture.ts';
import { type Target, targetOf } from '../../src/request/target.ts';
import { type Held, hold } from '../../src/session/expiry.ts';
import { readTokenResponse } from '../../src/session/token-response.ts';
import type { CaptureRule, TokenSet } from '../../src/types.ts';
import { watchedBody } from '../support/bodies.ts';
import { createCore } from '../support/core.ts';
import { follow, short } from '../support/recorder.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

const url = 'https://api.example.com/password';
const target = targetOf(url) as Target;
const rule: CaptureRule = { url };
const margins = { refreshAhead: 60_000, leeway: 10_000 };
const accept = (answer: unknown, issuedAt: number, previous?: TokenSet): Held =>
  hold(readTokenResponse(answer, ['bearer'], previous), issuedAt, margins, previous);

/** Signed in with `first`; what `send` is given answers the request. */
function setUp(rules: CaptureRule[] = [rule], isSignedIn = true) {
  const core = createCore();
  const { sessions, sharing, told } = core;
  if (isSignedIn) core.signIn(accept({ access_token: 'first', refresh_token: 'r0' }, 0));
  told.length = 0;
  const [order, revoked]: (string | undefined)[][] = [[], []];
  const reported = vi.fn();
  const captures = createCaptures(rules, {
    ...{ sessions, sharing, accept, report: reported },
    flush: () => void order?.push(...short(told.splice(0)), 'told'),
    revokeTokens: ({ refreshToken }) => revoked?.push(refreshToken),
  });
  /** What the caller gets: there may be no rule for the answer. */
  const send = async (answer: Promise<Response> | Response, carried?: string, signal?: AbortSignal) => {
    const take = captures.take({ target, method: 'POST', signal }, carried);
    return take ? take(Promise.resolve(answer)) : answer;
  };
  return { ...core, order, send, revoked, reported, tokens: () => sessions.current.state.held?.tokens };
}

const stream = (body: string) => new Response(body, { headers: { 'content-type': 'text/event-stream' } });
const redirected = (response: Response, to: string) =>
  Object.defineProperties(response, { redirected: { value: true }, url: { value: to } });
const grant = (access_token: string, more: object = {}) => Response.json({ access_token, ...more });

describe('R40, R41: a response', () => {
  test('is handed on, still readable, after its tokens are current and told', async () => {
    const { send, tokens, order } = setUp();
    const response = await send(grant('second', { expires_in: 60 }), 'first');
    expect(tokens()).toMatchObject({ accessToken: 'second', refreshToken: 'r0', expiresAt: 61_000 });
    expect(order).toEqual(['token-refreshed captured', 'told']);
    expect(await response.json()).toMatchObject({ access_token: 'second' });
  });

  test.each<[why: string, CaptureRule, Response]>([
    ['of another URL', { url: 'https://api.example.com/other' }, grant('second')],
    ['of another method', { url, method: ['get', 'PUT'] }, grant('second')],
    ['that is no success', rule, Response.json({ access_token: 'second' }, { status: 400 })],
    ['whose `read` finds none', { url, read: () => undefined }, grant('second')],
    ['that is no JSON', rule, new Response('<p>')],
    ['that does not say that it is JSON', rule, new Response('{"access_token":"second"}')],
    ['that says it and is none', rule, new Response('<p>', { headers: { 'content-type': 'text/json' } })],
    ['that is an event stream', { url, read: (copy) => copy.json() }, stream('{"access_token":"second"}')],
    ['from beyond a cross-origin redirect', rule, redirected(grant('second'), 'https://evil.test/')],
    ['that is something else', { url, method: 'post' }, Response.json({ done: true })],
  ])('%s brings no tokens', async (_why, own, answer) => {
    const { send, tokens } = setUp([own]);
    expect(await send(answer, 'first')).toBe(answer);
    expect(tokens()?.accessToken).toBe('first');
  });

  test('waits 5 s at most for its reader, and who aborts does not wait at all', async () => {
    const { send, sessions } = setUp([{ url, read: () => new Promise(() => {}) }]);
    const abort = new AbortController();
    const waits = follow(send(grant('second'), 'first'));
    const leaves = follow(send(grant('second'), 'first', abort.signal));
    abort.abort('enough');
    await vi.advanceTimersByTimeAsync(4_999);
    expect([waits.state, leaves.value, sessions.current.captures?.size]).toEqual(['pending', 'enough', 2]);
    await vi.advanceTimersByTimeAsync(1);
    expect([waits.state, sessions.current.captures?.size]).toEqual(['resolved', 0]);
  });

  test('of which only headers are read leaves its body to the caller alone, who need not read it first', async () => {
    const read = ({ headers }: Response) => ({ access_token: `${headers.get('x-new-token')}` });
    const { send, tokens } = setUp([{ url, read }]);
    const headers = { 'x-new-token': 'second' };
    const response = await send(new Response('the body', { headers }), 'first');
    expect(tokens()?.accessToken).toBe('second');
    expect(await response.text()).toBe('the body');
    const { response: long, seen } = watchedBody({ headers });
    await (await send(long, 'second')).body?.cancel();
    expect(seen.cancelled, 'both copies were given up').toBe(1);
  });
});

describe('R41: the session', () => {
  test('signed out, begins only by a rule that starts one', async () => {
    const deaf = setUp([rule], false);
    await deaf.send(grant('second'));
    expect([deaf.tokens(), deaf.order]).toEqual([undefined, []]);
    const { send, tokens, order } = setUp([{ ...rule, startsSession: true }], false);
    await send(grant('second'));
    expect([tokens()?.accessToken, order]).toEqual(['second', ['signed-in captured', 'told']]);
  });

  test('is always a new one by such a rule, with nothing of the one before', async () => {
    const { send, tokens, order } = setUp([{ ...rule, startsSession: true }]);
    await send(grant('second'));
    expect(tokens()).toEqual({ accessToken: 'second', tokenType: 'Bearer' });
    expect(order).toEqual(['signed-out replaced', 'signed-in captured', 'told']);
  });

  test('R51: that such a rule begins is told to the store, so that a sign-out meanwhile means it, too', async () => {
    const { sessions, sharing, send } = setUp([{ ...rule, startsSession: true }]);
    const commit = vi.spyOn(sharing, 'commit');
    await send(grant('second'));
    expect(commit.mock.calls[0]?.[1]?.begins).toBe(sessions.current.state.id);
  });

  test.each([
    ['revoked, if the sign-out revokes', true, ['r1']],
    ['left alone, if it does not', false, []],
  ])(
    'R32: that was signed out meanwhile drops the tokens; they are %s',
    async (_what, isRevoked, expected) => {
      const { signOut, send, tokens, revoked } = setUp();
      const answer = deferred<Response>();
      const response = send(answer.promise, 'first');
      signOut(isRevoked);
      answer.resolve(grant('second', { refresh_token: 'r1' }));
      await response;
      expect([tokens(), revoked]).toEqual([undefined, expected]);
    },
  );

  test('R30: that took its place meanwhile is not touched by a slow sign-in endpoint', async () => {
    const { signIn, send, tokens } = setUp([{ ...rule, startsSession: true }]);
    const answer = deferred<Response>();
    const response = send(answer.promise);
    signIn(accept({ access_token: 'another tabs' }, 0), 'b');
    answer.resolve(grant('late'));
    await response;
    expect(tokens()?.accessToken).toBe('another tabs');
  });

  test('R35: knows which requests may still bring tokens', async () => {
    const { send, sessions } = setUp();
    const answer = deferred<Response>();
    const sent = send(answer.promise, 'first');
    expect(sessions.current.captures?.size).toBe(1);
    answer.resolve(grant('second'));
    await sent;
    expect(sessions.current.captures?.size).toBe(0);
  });
});

describe('R43: an access token alone', () => {
  test('replaces only the one its request carried; without one that which was current', async () => {
    const { send, tokens } = setUp();
    await send(grant('stranger'), 'older');
    expect(tokens()?.accessToken).toBe('first');
    await send(grant('last'));
    expect(tokens()?.accessToken).toBe('last');
  });

  test('of the request that was sent later wins, whichever was answered first', async () => {
    const { send, tokens } = setUp();
    const early = deferred<Response>();
    const first = send(early.promise, 'first');
    vi.setSystemTime(1_001);
    await send(grant('later'), 'first');
    early.resolve(grant('early'));
    await first;
    expect(tokens()?.accessToken).toBe('later');
  });

  test('was sent later by whoever held the other’s, whatever the clocks say', async () => {
    const { send, tokens } = setUp();
    await send(grant('second'));
    vi.setSystemTime(0);
    await send(grant('third'));
    expect(tokens()?.accessToken).toBe('third');
  });
});

describe('what goes wrong', () => {
  test('R55: in a `read` is reported, and in the request is thrown', async () => {
    const error = new Error('no such header');
    const { send, reported } = setUp([{ url, read: () => Promise.reject(error) }]);
    expect((await send(grant('second'))).ok).toBe(true);
    expect(reported).toHaveBeenCalledOnce();
    await expect(send(Promise.reject(error))).rejects.toBe(error);
  });

  test('R55: in a `read` whose caller has given up is nothing to report', async () => {
    const { send, reported } = setUp([{ url, read: (response) => response.json() }]);
    const gone = new AbortController();
    const body = new ReadableStream({
      pull() {
        gone.abort('left');
        throw gone.signal.reason;
      },
    });
    await expect(send(new Response(body), undefined, gone.signal)).rejects.toBe('left');
    await vi.advanceTimersByTimeAsync(0);
    expect(reported).not.toHaveBeenCalled();
  });

  test('in a rule is named, with its place', () => {
    const create = (own: object) => () => setUp([{ url }, own as CaptureRule]);
    expect(create({})).toThrow('evertoken: options.capture[1].url is undefined');
    expect(create({ url: 'api' })).toThrow('evertoken: options.capture[1].url is string');
    expect(create({ url, reads: 1 })).toThrow('evertoken: options.capture[1].reads is number');
  });
});
