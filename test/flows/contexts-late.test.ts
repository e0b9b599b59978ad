/** R54, R50: what one context has stored arrives late in another, in the wrong order, or never. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { openTabs, stored, type Tab } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** How long a look took, in ms of fake time. */
async function timed(look: Promise<unknown>): Promise<number> {
  const began = Date.now();
  let took = Number.NaN;
  look.then(() => {
    took = Date.now() - began;
  });
  await vi.advanceTimersByTimeAsync(5_000);
  return took;
}

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
    expect(await timed(b.look()), 'the second time').toBe(0);
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

describe('R30: where writing takes time', () => {
  /** One of two has begun to write, the other's newer commit is stored first. */
  async function race(slow: (tab: Tab) => Promise<unknown>, fast: (tab: Tab) => Promise<unknown>) {
    const { a, b, c } = await openTabs({ isAsync: true });
    a.store.mood = 'slow';
    const late = slow(a);
    await settle();
    a.store.mood = 'well';
    await fast(b);
    a.store.pending[0]?.();
    await late;
    return { a, b, c };
  }

  /** Everybody hears everything that was told, in an order that helps nobody. */
  async function hearAll(tabs: Tab[]) {
    const news = tabs.flatMap((teller) => teller.posted.map((heard) => ({ teller, heard }))).toReversed();
    const hear = ({ teller, heard }: (typeof news)[number]) =>
      tabs.filter((tab) => tab !== teller).map((tab) => tab.look({ heard }));
    await timed(Promise.all(news.flatMap(hear)));
  }

  test('a removal that comes late takes the record of the next sign-in along, which is written again', async () => {
    const { a, b, c } = await race(
      ({ sessions }) => sessions.end(),
      ({ signIn }) => signIn('somebody else'),
    );
    expect([stored(b.store), a.posted.some((n) => n === -b.sessions.current.n)]).toEqual([undefined, true]);
    await hearAll([a, b, c]);
    expect([a, b, c].map(({ token, store }) => [token(), stored(store)])).toEqual(
      Array(3).fill(['somebody else', 'somebody else']),
    );
  });

  test('tokens that come late after a sign-out are removed again', async () => {
    const { a, b, c } = await race(
      ({ refresh }) => refresh('late'),
      ({ sessions }) => sessions.end(),
    );
    expect(stored(b.store)).toBe('late');
    await hearAll([a, b, c]);
    expect([a, b, c].map(({ token, store }) => [token(), stored(store)])).toEqual(
      Array(3).fill([undefined, undefined]),
    );
    expect([b, c].map(({ told }) => short(told))).toEqual([
      ['signed-out local'],
      ['signed-out other-context'],
    ]);
  });

  test('tokens that come late after another sign-in are overwritten with its own', async () => {
    const { a, b, c } = await race(
      ({ refresh }) => refresh('late'),
      ({ signIn }) => signIn('somebody else'),
    );
    expect([stored(b.store), a.posted.some((n) => n === -b.sessions.current.n)]).toEqual(['late', true]);
    await hearAll([a, b, c]);
    expect([a, b, c].map(({ token, store }) => [token(), stored(store)])).toEqual(
      Array(3).fill(['somebody else', 'somebody else']),
    );
    expect(short(c.told)).toEqual(['signed-out other-context', 'signed-in other-context']);
  });

  test('a sign-in that comes late stays away from the one that came after it', async () => {
    const { a, b, c } = await race(
      ({ signIn }) => signIn('late'),
      ({ signIn }) => signIn('somebody else'),
    );
    await hearAll([a, b, c]);
    expect([a, b, c].map(({ token, store }) => [token(), stored(store)])).toEqual(
      Array(3).fill(['somebody else', 'somebody else']),
    );
  });

  test('and nothing was overtaken, nobody is asked to write again', async () => {
    const { a } = await openTabs({ isAsync: true });
    await a.refresh('second');
    await a.sessions.end();
    expect(a.posted).toEqual([1, 2, 3]);
  });

  test('only who made the newest commit writes it again', async () => {
    const { a, b, c } = await openTabs({ isAsync: true });
    await a.refresh('second');
    await b.hear(a);
    const { n } = a.sessions.current;
    a.store.now = b.store.now = c.store.now = undefined;
    await timed(c.look({ heard: -n }));
    expect(stored(a.store)).toBeUndefined();
    await a.look({ heard: 1 - n });
    expect(stored(a.store), 'another commit').toBeUndefined();
    await a.look({ heard: -n });
    expect([a, b, c].map(({ store }) => stored(store))).toEqual(['second', 'second', 'second']);
  });
});
