import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Held, Session } from '../src/contracts.ts';
import { TokenError } from '../src/errors.ts';
import { createRefresher, type RefresherParts } from '../src/refresher.ts';
import { createSessions } from '../src/session.ts';
import type { RecordStore, StoredSession } from '../src/storage.ts';
import type { RefreshCause } from '../src/types.ts';
import { follow, short, type Told } from './support/recorder.ts';
import { settle } from './support/refresh.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** Tokens for 100 s from now, replaced ahead from 75 s on and waited for from 90 s on. */
const held = (accessToken: string, issuedAt = Date.now()): Held => ({
  tokens: { accessToken, tokenType: 'Bearer' },
  issuedAt,
  expiresAt: issuedAt + 100_000,
  aheadAt: issuedAt + 75_000,
  waitAt: issuedAt + 90_000,
});
const always = () => true;
const ended = () => Promise.reject({ data: { error: 'invalid_grant' } });

/** Signed in with `first`; each refresh is answered by the test. */
async function setUp(parts: Partial<RefresherParts> = {}, store?: RecordStore) {
  const told: Told[] = [];
  const sessions = createSessions(store, { add: (...entry) => told.push(entry) });
  const asked = vi.fn<(signal: AbortSignal) => void>();
  let next = deferred<unknown>();
  const refresh = Object.assign(
    async ({ signal }: { signal: AbortSignal }) => {
      asked(signal);
      next = deferred();
      return { accessToken: `${await next.promise}` };
    },
    { withoutRefreshToken: false },
  );
  const answer = (value: unknown) => settle().then(() => (next.resolve(value), settle()));
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
  const run = (cause: RefreshCause = 'rejected', session: Session = sessions.current) =>
    follow(refresher.run(session, cause));
  return { ...refresher, run, sessions, told, asked, answer, revoked, token };
}

test('R31: all who ask share one refresh, whose answer is current when they go on', async () => {
  const { run, asked, answer, token, told } = await setUp();
  const waits = [run(), run('manual')];
  await answer('second');
  expect([waits.map(({ state }) => state), token()]).toEqual([['resolved', 'resolved'], 'second']);
  expect([asked.mock.calls.length, short(told).at(-1)]).toEqual([1, 'token-refreshed rejected']);
});

test('R31: behind the lock newer stored tokens are adopted and nothing is sent', async () => {
  const newer = { n: 9, held: held('newer') };
  const record = { id: '' };
  const store = {
    read: async () => ({ ...record, ...newer }),
    write: async (next?: StoredSession) => Object.assign(record, { id: next?.id }),
  };
  const { run, asked, token } = await setUp({}, store);
  const wait = run();
  await settle();
  expect([wait.state, token(), asked.mock.calls]).toEqual(['resolved', 'newer', []]);
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

test('R34: the wait for the lock ends a little later than any holder, and with the session at once', async () => {
  const signals: AbortSignal[] = [];
  const lock: RefresherParts['lock'] = (_name, _task, { signal }) => {
    signals.push(signal);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const { run, sessions } = await setUp({ lock });
  run();
  await vi.advanceTimersByTimeAsync(24_999);
  expect(signals[0]?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(signals[0]?.aborted).toBe(true);
  const wait = run('manual');
  await settle();
  await sessions.end('local');
  expect([signals[1]?.aborted, wait.value]).toEqual([
    true,
    expect.objectContaining({ code: 'session-changed' }),
  ]);
});

test('R35: a failure begins a back-off, which doubles, obeys `retryAt`, and ends with refresh()', async () => {
  const refresh = vi.fn(() => Promise.reject(new TokenError('refresh-failed', { cause: 'down' })));
  const { run, sessions } = await setUp({ refresh });
  vi.spyOn(Math, 'random').mockReturnValue(1);
  for (const retryAt of [2_000, 4_000]) {
    const wait = run('manual');
    await settle();
    expect(wait.value).toMatchObject({ code: 'refresh-failed', retryAt, cause: 'down' });
  }
  const asked = refresh.mock.calls.length;
  const refused = run();
  await settle();
  expect([refused.value, refresh.mock.calls.length]).toEqual([sessions.current.error, asked]);
  refresh.mockRejectedValue(new TokenError('refresh-failed', { retryAt: 99_000 }));
  run('manual');
  await settle();
  expect(sessions.current.error?.retryAt).toBe(99_000);
});

test('R35: invalid_grant ends the session, unless a capture that was on the wire brought newer tokens', async () => {
  const { run, sessions, told, token } = await setUp({ refresh: ended });
  const { current } = sessions;
  const captured = deferred();
  current.captures.add(captured.promise);
  const saved = run();
  await settle();
  await sessions.replace(always, () => held('captured'), { cause: 'captured', startedAt: 0, captured: 1 });
  captured.resolve();
  await settle();
  expect([saved.state, token()]).toEqual(['resolved', 'captured']);
  current.captures.clear();
  const wait = run();
  await settle();
  expect(wait.value).toMatchObject({ code: 'session-ended' });
  expect([short(told).at(-1), current.signal.reason, token()]).toEqual([
    'signed-out ended',
    wait.value,
    undefined,
  ]);
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
