import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { short } from './support/recorder.ts';
import { settle } from './support/refresh.ts';
import { openTabs, stored, timed } from './support/sessions.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('R50: a message that overtakes the record', () => {
  test.each([1, 50, 400])('is followed by looks until the record is there, %d ms later', async (lag) => {
    const { a, b } = await openTabs({ lag });
    await vi.advanceTimersByTimeAsync(lag);
    await a.refresh('second');
    const took = await timed(b.hear(a));
    expect([b.token(), short(b.told)]).toEqual(['second', ['token-refreshed other-context']]);
    expect(took).toBeGreaterThanOrEqual(lag);
    expect(took).toBeLessThan(2.5 * lag + 5);
  });

  test('is the exception: where the record is there, it is read once', async () => {
    const { a, b } = await openTabs();
    await a.refresh('second');
    const { reads } = b.store;
    expect([await timed(b.hear(a)), b.token(), b.store.reads - reads]).toEqual([0, 'second', 1]);
  });

  test('of a sign-out needs no record at all, and the old one is not adopted again', async () => {
    const { a, b } = await openTabs({ lag: 1 / 0 });
    await a.sessions.end();
    b.store.now = a.store.now;
    expect(await timed(b.hear(a))).toBe(0);
    await b.look();
    expect([b.token(), short(b.told)]).toEqual([undefined, ['signed-out other-context']]);
  });

  test('of a sign-in is not forgotten when the user signs out here before the record is there', async () => {
    const { a, b } = await openTabs({ lag: 100 });
    await vi.advanceTimersByTimeAsync(100);
    await a.signIn('somebody else');
    const hearing = b.hear(a);
    await vi.advanceTimersByTimeAsync(50);
    const { read } = b.store;
    const reading = deferred();
    b.store.read = () => reading.promise.then(() => read());
    await vi.advanceTimersByTimeAsync(40);
    const end = b.sessions.end();
    reading.resolve();
    await timed(Promise.all([hearing, end]));
    expect([b.token(), short(b.told)]).toEqual([
      'somebody else',
      ['signed-out local', 'signed-in other-context'],
    ]);
  });

  test('of a sign-in leaves the old session in place until the new record is there', async () => {
    const { a, b } = await openTabs({ lag: 300 });
    await a.signIn('somebody else');
    const hearing = b.hear(a);
    await vi.advanceTimersByTimeAsync(200);
    expect([b.token(), b.told]).toEqual(['first', []]);
    await timed(hearing);
    expect([b.token(), short(b.told)]).toEqual([
      'somebody else',
      ['signed-out other-context', 'signed-in other-context'],
    ]);
  });
});

describe('R54: a record that never comes', () => {
  test('is waited for 2 s after its commit; who only looked keeps what it has', async () => {
    const { a, b } = await openTabs({ lag: 1 / 0 });
    b.store.now = a.store.now;
    await b.sessions.sync('restored');
    await a.refresh('second');
    await vi.advanceTimersByTimeAsync(500);
    const took = await timed(b.look());
    expect(took).toBeGreaterThanOrEqual(1_500);
    expect(took).toBeLessThan(3_000);
    expect(b.token()).toBe('first');
    // It may have been frozen, so it looks a few times all the same.
    expect(await timed(b.look()), 'the second time').toBeLessThan(300);
  });

  test('makes who is about to spend the tokens drop them', async () => {
    const { a, b } = await withoutRecords();
    await a.refresh('second');
    const took = await timed(b.spend());
    expect([b.token(), short(b.told)]).toEqual([undefined, ['signed-out other-context']]);
    expect(took).toBeGreaterThanOrEqual(2_000);
    expect(took).toBeLessThan(4_100);
  });

  test('of another session ends this one; that one begins when its record comes at last', async () => {
    const { a, b } = await withoutRecords();
    await vi.advanceTimersByTimeAsync(1_000);
    await a.signIn('somebody else');
    await timed(b.look());
    expect([b.token(), short(b.told)]).toEqual([undefined, ['signed-out other-context']]);
    b.store.now = a.store.now;
    await b.look();
    expect([b.token(), short(b.told).at(-1)]).toEqual(['somebody else', 'signed-in other-context']);
  });

  // Numbers follow each other closely where the clock was set back.
  test('is adopted when it comes at last, even with the very next number', async () => {
    const { a, b } = await withoutRecords();
    await a.refresh('second');
    await timed(b.spend());
    b.store.now = a.store.now;
    await b.look();
    expect([b.token(), short(b.told).at(-1)]).toEqual(['second', 'signed-in other-context']);
  });

  test('does not end a session whose tokens a captured access token has replaced, unless it is spent', async () => {
    const { a, b } = await withoutRecords();
    await a.capture('captured', true);
    await timed(b.look());
    expect(b.token()).toBe('first');
  });

  test('ends no wait of one who has signed out, or closed, meanwhile', async () => {
    const { a, b, c } = await withoutRecords();
    await a.refresh('second');
    const spending = [b.spend(), c.spend()];
    await settle();
    await Promise.all([b.signIn('next'), settle()]);
    c.sessions.close();
    await timed(Promise.all(spending));
    expect([b.token(), short(b.told), short(c.told)]).toEqual([
      'next',
      ['signed-out replaced', 'signed-in local'],
      [],
    ]);
  });

  /** What a stores is not seen by the others, who have the first tokens. */
  async function withoutRecords() {
    const tabs = await openTabs({ lag: 1 / 0 });
    for (const { store, sessions, told } of [tabs.b, tabs.c]) {
      store.now = tabs.a.store.now;
      await sessions.sync('restored');
      told.length = 0;
    }
    return tabs;
  }
});

test('R54: nobody writes or adopts what is older than the newest commit', async () => {
  const { a, b } = await openTabs({ lag: 100 });
  await vi.advanceTimersByTimeAsync(100);
  await a.refresh('second');
  const answers = [b.refresh('late'), b.capture('stale', true)];
  expect([await Promise.all(answers), stored(a.store)]).toEqual([[false, false], 'second']);
  b.store.now = { ...(b.store.now as NonNullable<typeof b.store.now>), n: 3, base: 3 };
  a.store.now = b.store.now;
  await a.look();
  expect(a.token()).toBe('second');
});
