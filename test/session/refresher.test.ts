import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Lock, Refresh, TokenResponse } from '../src/types.ts';
import { short } from './support/recorder.ts';
import { settle } from './support/refresh.ts';
import { createSignedIn, createTwo, held } from './support/refresher.ts';
import { always, createDisk } from './support/sessions.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const captured = { cause: 'captured', startedAt: 0, captured: 1 } as const;
const ended = () => Promise.reject({ data: { error: 'invalid_grant' } });

test('R31: all who ask share one refresh, whose answer is current when they go on', async () => {
  const { run, asked, answer, token, told } = await createSignedIn();
  const waits = [run(), run('manual')];
  await answer('second');
  expect([waits.map(({ state }) => state), token()]).toEqual([['resolved', 'resolved'], 'second']);
  expect([asked.mock.calls.length, short(told).at(-1)]).toEqual([1, 'token-refreshed rejected']);
});

test('R34: the wait ends, the request goes on as long again, and a late answer is taken', async () => {
  const { run, asked, answer, token, told } = await createSignedIn();
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
  const { run, sessions, told, token } = await createSignedIn({ refresh: ended });
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
  const store = createDisk().open();
  store.write = async (next) => !!next || removed.promise.then(() => true);
  const { run, sessions } = await createSignedIn({ refresh }, { store });
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
  const { run, sessions, answer, revoked, token } = await createSignedIn();
  const { current } = sessions;
  const wait = run();
  await settle();
  await sessions.end();
  current.isRevoked = true;
  await answer('late');
  expect([wait.value, token()]).toEqual([expect.objectContaining({ code: 'session-changed' }), undefined]);
  expect(revoked).toHaveBeenCalledExactlyOnceWith(held('late').tokens);
});

test('R12, R35: tokens in hand serve until they are due, and while none can be had as long as they are good', async () => {
  const refresh = vi.fn(() => Promise.reject(new Error('down')));
  const { obtain, sessions } = await createSignedIn({ refresh });
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

/** Another context holds it, and hangs. */
const notGranted: Lock = (_name, _task, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('R31: newer tokens behind the lock are adopted, and nothing is sent', async () => {
  const { run, asked, other, token, told } = await createTwo();
  await other.refresh('from elsewhere');
  const wait = run();
  await settle();
  expect([wait.state, token(), asked.mock.calls]).toEqual(['resolved', 'from elsewhere', []]);
  expect(short(told).at(-1)).toBe('token-refreshed other-context');
});

test('R32: what arrives after a sign-out in another context is dropped, and revoked if that revokes', async () => {
  const { run, sessions, answer, other, revoked, store, token } = await createTwo();
  const wait = run();
  await settle();
  await other.sessions.end(true);
  await answer('late');
  expect(revoked).toHaveBeenCalledExactlyOnceWith(held('late').tokens);
  await sessions.sync('other-context');
  expect([wait.value, token(), store.now]).toEqual([
    expect.objectContaining({ code: 'session-changed' }),
    undefined,
    undefined,
  ]);
});

describe('R34: a lock that is never granted', () => {
  test('is waited for longer than anybody may hold it, and a random while; then it goes on without', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { run, asked, answer, token } = await createTwo({ lock: notGranted });
    const wait = run();
    await vi.advanceTimersByTimeAsync(25_499);
    expect([wait.value, asked.mock.calls]).toEqual([expect.objectContaining({ code: 'refresh-failed' }), []]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveBeenCalledOnce();
    await answer('second');
    expect(token()).toBe('second');
  });

  test('costs nothing where the holder has brought new tokens in the end', async () => {
    const { run, asked, other, token } = await createTwo({ lock: notGranted });
    run();
    await vi.advanceTimersByTimeAsync(25_000);
    await other.refresh('from the holder');
    await vi.advanceTimersByTimeAsync(1_000);
    expect([asked.mock.calls, token()]).toEqual([[], 'from the holder']);
  });

  test('R54: presents no token that another has claimed, however long ago', async () => {
    const { run, asked, other, token, sessions } = await createTwo({ lock: notGranted });
    await other.claim();
    run();
    await vi.advanceTimersByTimeAsync(20_000);
    const wait = run('manual');
    await vi.advanceTimersByTimeAsync(6_000);
    expect([wait.value, asked.mock.calls]).toEqual([expect.objectContaining({ code: 'refresh-failed' }), []]);
    expect([token(), sessions.current.run]).toEqual(['first', undefined]);
  });

  test('is no reason to go on for a session that is over', async () => {
    const { run, asked, sessions } = await createTwo({ lock: notGranted });
    const wait = run();
    await settle();
    await sessions.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([wait.value, asked.mock.calls]).toEqual([
      expect.objectContaining({ code: 'session-changed' }),
      [],
    ]);
  });

  test('a lock that fails in another way is a refresh that failed', async () => {
    const cause = new Error('no lock today');
    const { run, asked } = await createTwo({ lock: () => Promise.reject(cause) });
    const wait = run();
    await settle();
    expect([wait.value, asked.mock.calls]).toEqual([
      expect.objectContaining({ code: 'refresh-failed', cause }),
      [],
    ]);
  });
});

describe('R35: invalid_grant', () => {
  test.each([
    ['with the lock of all contexts', true, 0],
    ['without one', false, 1_000],
  ])('is believed after another look at the record, %s: %s, %d ms later', async (_what, isShared, ms) => {
    const { run, token, told } = await createTwo({ refresh: ended, isLockShared: () => isShared });
    const wait = run();
    if (ms) await vi.advanceTimersByTimeAsync(ms - 1);
    expect(token()).toBe('first');
    await vi.advanceTimersByTimeAsync(1);
    expect(wait.value).toMatchObject({ code: 'session-ended' });
    expect([token(), short(told).at(-1)]).toEqual([undefined, 'signed-out ended']);
  });

  test('is not believed where newer tokens arrive within that second', async () => {
    const { run, token, told, other } = await createTwo({ refresh: ended, isLockShared: () => false });
    const wait = run();
    await vi.advanceTimersByTimeAsync(900);
    await other.refresh('from elsewhere');
    await vi.advanceTimersByTimeAsync(100);
    expect([wait.state, token(), short(told).at(-1)]).toEqual([
      ...['resolved', 'from elsewhere'],
      'token-refreshed other-context',
    ]);
  });
});
