/** R30, R54: writing takes time, so that what one context stores may come after a newer commit of another. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { openTabs, stored, type Tab, timed } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

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

  test('a repair that itself comes late is repaired', async () => {
    const { a, b, c } = await race(
      ({ refresh }) => refresh('late'),
      ({ sessions }) => sessions.end(),
    );
    c.store.mood = 'slow';
    const repairing = c.hear(b);
    await settle();
    c.store.mood = 'well';
    await b.signIn('next');
    c.store.pending[0]?.();
    await repairing;
    expect(stored(b.store)).toBeUndefined();
    await hearAll([a, b, c]);
    expect([a, b, c].map(({ token, store }) => [token(), stored(store)])).toEqual(
      Array(3).fill(['next', 'next']),
    );
  });

  test('and nothing was overtaken, nobody is asked to write again', async () => {
    const { a } = await openTabs({ isAsync: true });
    await a.refresh('second');
    await a.sessions.end();
    expect(a.posted).toEqual([1, 2, 2.5]);
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
