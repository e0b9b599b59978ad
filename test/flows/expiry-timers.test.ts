import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, record, signedIn } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { createPage } from '../support/page.ts';
import { API, createManager, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('R13: keepFresh', () => {
  test('refreshes without traffic, without a page (Node), again and again', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { keepFresh: true });
    await vi.advanceTimersByTimeAsync(58 * MINUTE);
    expect(world.refreshes).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1.5 * MINUTE);
    expect(world.refreshes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5 * HOUR);
    expect(world.refreshes).toHaveLength(6);
    expect(auth.tokens?.accessToken).toBe('access-6');
  });

  test('not asked for, nobody refreshes without traffic', async () => {
    const world = createWorld();
    await signedIn(world);
    await vi.advanceTimersByTimeAsync(DAY);
    expect(world.refreshes).toHaveLength(0);
  });

  test('with a lifetime of 60 days waits 60 days: no storm, no early refresh', async () => {
    const world = createWorld({ lifetime: (60 * DAY) / 1_000 });
    const auth = await signedIn(world, { keepFresh: true }, (60 * DAY) / 1_000);
    await vi.advanceTimersByTimeAsync(60 * DAY - 2 * MINUTE);
    expect(world.refreshes).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1.5 * MINUTE);
    expect(world.refreshes).toHaveLength(1);
    expect(auth.tokens?.accessToken).toBe('access-1');
  });

  test('ends with the session, and with close()', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { keepFresh: true });
    await auth.signOut();
    await vi.advanceTimersByTimeAsync(DAY);
    expect(world.refreshes).toHaveLength(0);
    await auth.signIn({ access_token: 'a', refresh_token: 'r', expires_in: 600 });
    auth.close();
    await vi.advanceTimersByTimeAsync(DAY);
    expect(world.refreshes).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('goes on after failures, and does not hammer', async () => {
    const refresh = vi.fn(() => Promise.reject(new TypeError('fetch failed')));
    const auth = createRecorded(createRecorder(), { refresh, keepFresh: true });
    await auth.signIn({ access_token: 'a', expires_in: 600 });
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(refresh.mock.calls.length).toBeGreaterThan(10);
    // A minute between two at most, 45 s at least when the jitter is a quarter.
    expect(refresh.mock.calls.length).toBeLessThan(85);
  });

  test('refreshes the tokens that were restored', async () => {
    const cell = createCell();
    (await signedIn(createWorld(), { store: cell.open() })).close();
    const world = createWorld();
    const auth = createManager(world, { store: cell.open(), keepFresh: true });
    await vi.advanceTimersByTimeAsync(59.5 * MINUTE);
    expect(world.refreshes).toHaveLength(1);
    expect(auth.tokens?.accessToken).toBe('access-1');
  });
});

describe('R13: keepFresh in a page', () => {
  test('rests while the page is hidden, and looks at once when it is visible again', async () => {
    const page = createPage();
    const world = createWorld();
    await signedIn(world, { keepFresh: true });
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    page.visibility = 'hidden';
    page.fire('visibilitychange');
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(world.refreshes).toHaveLength(0);
    page.visibility = 'visible';
    page.fire('visibilitychange');
    await vi.advanceTimersByTimeAsync(10);
    expect(world.refreshes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(59.5 * MINUTE);
    expect(world.refreshes).toHaveLength(2);
  });

  test('in a page that was opened hidden begins when it is seen', async () => {
    const page = createPage();
    page.visibility = 'hidden';
    const world = createWorld();
    await signedIn(world, { keepFresh: true });
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(world.refreshes).toHaveLength(0);
    page.visibility = 'visible';
    page.fire('visibilitychange');
    await vi.advanceTimersByTimeAsync(10);
    expect(world.refreshes).toHaveLength(1);
  });

  test.each(['visibilitychange', 'resume', 'online', 'pageshow'] as const)(
    'checks expiry on %s, whatever the timers did meanwhile',
    async (type) => {
      const page = createPage();
      const world = createWorld();
      await signedIn(world, { keepFresh: true });
      // A page that was frozen: the clock went on, the timers did not.
      vi.setSystemTime(Date.now() + 2 * HOUR);
      page.fire(type);
      await vi.advanceTimersByTimeAsync(10);
      expect(world.refreshes).toHaveLength(1);
    },
  );

  test('a burst of such events costs one refresh', async () => {
    const page = createPage();
    const world = createWorld();
    await signedIn(world, { keepFresh: true });
    vi.setSystemTime(Date.now() + 2 * HOUR);
    for (const type of ['resume', 'pageshow', 'visibilitychange', 'online'] as const) page.fire(type);
    await vi.advanceTimersByTimeAsync(10);
    page.fire('visibilitychange');
    await vi.advanceTimersByTimeAsync(10);
    expect(world.refreshes).toHaveLength(1);
  });

  test('close() leaves no listener behind', async () => {
    const page = createPage();
    const world = createWorld();
    const auth = await signedIn(world, { keepFresh: true });
    expect(page.listeners).toBeGreaterThan(0);
    auth.close();
    expect(page.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('R13: without keepFresh', () => {
  test.each(['visibilitychange', 'resume', 'online', 'pageshow'] as const)(
    '%s reads the store again and refreshes nothing',
    async (type) => {
      const page = createPage();
      const cell = createCell();
      const world = createWorld();
      await signedIn(world, { store: cell.open() });
      cell.calls.length = 0;
      vi.setSystemTime(Date.now() + 2 * HOUR);
      page.fire(type);
      await vi.advanceTimersByTimeAsync(10);
      expect(cell.calls).toEqual(['read']);
      expect(world.refreshes).toHaveLength(0);
    },
  );

  test('a page that comes back adopts what another context stored meanwhile, before its next request', async () => {
    const page = createPage();
    const cell = createCell();
    const world = createWorld();
    // It hears nothing, as one that was frozen.
    const first = await signedIn(world, { store: cell.open({ watch: undefined }) });
    const said = record(first);
    const second = createManager(world, { store: cell.open() });
    await second.refresh();
    await vi.advanceTimersByTimeAsync(10);
    expect(first.tokens?.accessToken).toBe('access-0');
    page.fire('pageshow');
    await first.fetch(API);
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
    expect(said).toMatchObject([['token-refreshed', { cause: 'manual', elsewhere: true }]]);
  });
});

test('R13: every use checks the clock, though no timer ever fired', async () => {
  const world = createWorld();
  const auth = await signedIn(world, { keepFresh: true });
  vi.setSystemTime(Date.now() + 2 * HOUR);
  await auth.fetch(API);
  expect(world.api.map(({ authorization }) => authorization)).toEqual(['Bearer access-1']);
});

test('R13: a clock that is put back does not make keepFresh refresh early or storm', async () => {
  const world = createWorld();
  await signedIn(world, { keepFresh: true });
  vi.setSystemTime(Date.now() - DAY);
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect(world.refreshes.length).toBeLessThanOrEqual(1);
});
