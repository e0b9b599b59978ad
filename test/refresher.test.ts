import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Held } from '../src/contracts.ts';
import { createRefresher, type RefresherParts } from '../src/refresher.ts';
import { createSessions } from '../src/session.ts';
import type { RecordStore } from '../src/storage.ts';
import type { Refresh, RefreshCause, TokenResponse } from '../src/types.ts';
import { follow, short, type Told } from './support/recorder.ts';
import { settle } from './support/refresh.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** Tokens for 100 s from now, replaced ahead from 75 s on and waited for from 90 s on. */
const held = (accessToken: string, issuedAt = Date.now()): Held => ({
  tokens: { accessToken, tokenType: 'Bearer' },
  issuedAt,
  ...{ expiresAt: issuedAt + 100_000, aheadAt: issuedAt + 75_000, waitAt: issuedAt + 90_000 },
});
const always = () => true;
const captured = { cause: 'captured', startedAt: 0, captured: 1 } as const;
const ended = () => Promise.reject({ data: { error: 'invalid_grant' } });

/** Signed in with `first`; each refresh is answered by the test. */
async function setUp(parts: Partial<RefresherParts> = {}, store?: RecordStore) {
  const told: Told[] = [];
  const sessions = createSessions(store, { add: (...entry) => told.push(entry) });
  const asked = vi.fn<(signal: AbortSignal) => void>();
  let next = deferred<string>();
  const refresh: Refresh = async ({ signal }) => {
    asked(signal);
    next = deferred();
    return { accessToken: await next.promise };
  };
  const answer = async (value: string) => {
    await settle();
    next.resolve(value);
    await settle();
  };
  const revoked = vi.fn();
  const refresher = createRefresher({
    refresh,
    refreshTimeout: 10_000,
    sessions,
    events: { add: (...entry) => told.push(entry), flush: () => {} },
    fetch,
    name: 'shop',
    lock: (_name, task) => task(),
    accept: (answer, issuedAt) => held((answer as { accessToken: string }).accessToken, issuedAt),
    revokeTokens: revoked,
    ...parts,
  });
  await sessions.open(always, held('first'), 'local');
  const token = () => sessions.current.held?.tokens.accessToken;
  const run = (cause: RefreshCause = 'rejected') => follow(refresher.run(sessions.current, cause));
  return { ...refresher, run, sessions, told, asked, answer, revoked, token };
}

test('R31: all who ask share one refresh, whose answer is current when they go on', async () => {
  const { run, asked, answer, token, told } = await setUp();
  const waits = [run(), run('manual')];
  await answer('second');
  expect([waits.map(({ state }) => state), token()]).toEqual([['resolved', 'resolved'], 'second']);
  expect([asked.mock.calls.length, short(told).at(-1)]).toEqual([1, 'token-refreshed rejected']);
});

test('R34: the wait ends, the request goes on as long again, and a late answer is taken', async () => {
  const { run, asked, answer, token, told } = await setUp();
  const wait = run();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(wait.value).toMatchObject({ code: 'refresh-failed', cause: { name: 'TimeoutError' } });
  expect(asked.mock.calls[0]?.[0].aborted).toBe(false);
  await answer('late');
  expect([token(), short(told).slice(1)]).toEqual(['late', ['refresh-failed', 'token-refreshed rejected']]);
  run();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked.mock.calls[1]?.[0].aborted).toBe(true);
});

test('R35: invalid_grant ends the session, unless a capture that was on the wire brought newer tokens', async () => {
  const { run, sessions, told, token } = await setUp({ refresh: ended });
  const { current } = sessions;
  const answered = deferred();
  current.captures.add(answered.promise);
  const saved = run();
  await settle();
  await sessions.replace(always, () => held('captured'), captured);
  answered.resolve();
  await settle();
  expect([saved.state, token()]).toEqual(['resolved', 'captured']);
  current.captures.clear();
  const wait = run();
  await settle();
  expect(wait.value).toMatchObject({ code: 'session-ended' });
  expect([short(told).at(-1), token()]).toEqual(['signed-out ended', undefined]);
  expect(current.signal.reason).toBe(wait.value);
});

test('R35: an older refresh that fails while the end is stored does not hide why the session is over', async () => {
  const [first, removed] = [deferred<TokenResponse>(), deferred()];
  const refresh = vi.fn<Refresh>(ended).mockReturnValueOnce(first.promise);
  const write = async (next: unknown) => next || removed.promise;
  const { run, sessions } = await setUp({ refresh }, { read: async () => undefined, write });
  const { current } = sessions;
  run();
  await settle();
  await sessions.replace(always, () => held('captured'), captured);
  run();
  await settle();
  first.reject(new Error('down'));
  await settle();
  removed.resolve();
  await settle();
  expect(current.signal.reason).toMatchObject({ code: 'session-ended' });
});

test('R32: what arrives after a sign-out is dropped, and revoked if that sign-out revokes', async () => {
  const { run, sessions, answer, revoked, token } = await setUp();
  const { current } = sessions;
  const wait = run();
  await settle();
  await sessions.end('local');
  current.isRevoked = true;
  await answer('late');
  expect([wait.value, token()]).toEqual([expect.objectContaining({ code: 'session-changed' }), undefined]);
  expect(revoked).toHaveBeenCalledExactlyOnceWith(held('late').tokens);
});

test('R12, R35: tokens in hand serve until they are due, and while none can be had as long as they are good', async () => {
  const refresh = vi.fn(() => Promise.reject(new Error('down')));
  const { obtain, sessions } = await setUp({ refresh });
  const { current } = sessions;
  const calls: number[] = [];
  for (const now of [74_999, 75_000, 90_000]) {
    vi.setSystemTime(now);
    current.error = undefined;
    expect(await obtain(current)).toBe(current.held);
    await settle();
    calls.push(refresh.mock.calls.length);
  }
  expect(calls).toEqual([0, 1, 2]);
  vi.setSystemTime(100_000);
  await expect(obtain(current)).rejects.toMatchObject({ code: 'refresh-failed' });
});
