/** R23: a token that was adopted is refreshed first when it is refused, and never marked: nobody here has issued it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, nth, PASSWORD } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { follow } from '../support/recorder.ts';
import { login, ME, ownRefresh, settle, signedIn, status } from '../support/refresh.ts';
import { createManager, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Signed in; the API takes the tokens that the test names, and holds its first refusal back. */
async function createRefusing(good: string) {
  const stage = createStage();
  stage.holdRefreshes();
  const late = deferred();
  const ordinary = stage.world.answerApi;
  let isFirst = true;
  stage.world.answerApi = async (seen) => {
    if (seen.url === PASSWORD) return ordinary(seen);
    const isHeld = isFirst;
    isFirst = false;
    if (isHeld) await late.promise;
    return seen.authorization === `Bearer ${good}` ? Response.json({}) : unauthorized();
  };
  await stage.auth.signIn(login());
  return { ...stage, late, ask: () => status(stage.auth.fetch(ME)) };
}

describe('R23: a captured token that is refused at once', () => {
  test.each([
    ['alone', undefined],
    ['with a refresh token', 'captured-refresh'],
  ])('%s, after a late refusal of the one before it, is refreshed first', async (_what, refresh) => {
    const { auth, pending, refreshing, late, ask } = await createRefusing('renewed');
    const request = ask();
    const change = auth.fetch(PASSWORD, { method: 'POST' });
    await settle();
    nth(pending, 0).answer(grant('captured', refresh));
    await change;
    late.resolve();
    await settle();
    const next = [ask(), ask()];
    await settle();
    expect(refreshing).toHaveLength(1);
    nth(refreshing, 0).answer(grant('renewed', 'renewed-refresh'));
    expect(await Promise.all([request, ...next])).toEqual([200, 200, 200]);
    expect(refreshing).toHaveLength(1);
  });

  test('in the place of what a refresh for that very request brought: no mark, it is refreshed first', async () => {
    const { auth, pending, refreshing, late, ask } = await createRefusing('renewed');
    late.resolve();
    const change = auth.fetch(PASSWORD, { method: 'POST' });
    await settle();
    const request = ask();
    await settle();
    expect(refreshing).toHaveLength(1);
    nth(pending, 0).answer(grant('captured', 'captured-refresh'));
    await change;
    nth(refreshing, 0).answer(grant('beaten', 'beaten-refresh'));
    await settle();
    expect(nth(refreshing, 1).seen.body).toContain('captured-refresh');
    nth(refreshing, 1).answer(grant('renewed', 'renewed-refresh'));
    expect(await request).toBe(200);
  });

  test('is marked only when a refresh has replaced it and that is refused, too', async () => {
    const { auth, pending, refreshing, late, ask } = await createRefusing('nothing');
    late.resolve();
    const change = auth.fetch(PASSWORD, { method: 'POST' });
    await settle();
    nth(pending, 0).answer(grant('captured', 'captured-refresh'));
    await change;
    const request = ask();
    await settle();
    nth(refreshing, 0).answer(grant('renewed', 'renewed-refresh'));
    expect(await request).toBe(401);
    expect(await ask()).toBe(401);
    expect(refreshing).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    void follow(auth.fetch(ME));
    await settle();
    expect(refreshing).toHaveLength(2);
  });
});

test('R23: of a burst with a token that is dead elsewhere, too, all are served: one refresh', async () => {
  const cell = createCell();
  // Without news a context learns of the others' tokens when it wants to refresh.
  const open = () => cell.open({ watch: undefined });
  const [own, others] = [ownRefresh(), ownRefresh()];
  const { auth, world } = await signedIn({ store: open(), refresh: own.refresh });
  const other = createManager(world, { store: open(), refresh: others.refresh });
  await other.ready;
  const refreshed = other.refresh();
  await settle();
  others.calls[0]?.resolve(login({ access_token: 'dead', refresh_token: 'refresh-x' }));
  await refreshed;
  world.good = 'access-2';
  const late = deferred();
  const ordinary = world.answerApi;
  let sent = 0;
  world.answerApi = async (seen) => {
    sent++;
    if (sent > 1 && sent < 6) await late.promise;
    return ordinary(seen);
  };
  const requests = [1, 2, 3, 4, 5].map(() => status(auth.fetch(ME)));
  await settle();
  // The first has learned of the token that is dead, too, and waits for another one.
  late.resolve();
  await settle();
  own.calls[0]?.resolve(login({ access_token: 'access-2', refresh_token: 'refresh-y' }));
  expect(await Promise.all(requests)).toEqual([200, 200, 200, 200, 200]);
  expect([own.calls.length, others.calls.length]).toEqual([1, 1]);
});

test('R23: a token that another context brought and that is refused at once is refreshed once, and not marked', async () => {
  const cell = createCell();
  const [own, others] = [ownRefresh(), ownRefresh()];
  const { auth, world } = await signedIn({ store: cell.open(), refresh: own.refresh });
  const other = createManager(world, { store: cell.open(), refresh: others.refresh });
  await other.ready;
  const refreshed = other.refresh();
  await settle();
  others.calls[0]?.resolve(login({ access_token: 'dead', refresh_token: 'refresh-x' }));
  await refreshed;
  await settle();
  expect(auth.tokens?.accessToken).toBe('dead');
  world.good = 'access-1';
  const requests = [1, 2, 3].map(() => status(auth.fetch(ME)));
  await settle();
  own.calls[0]?.resolve(login({ access_token: 'access-1', refresh_token: 'refresh-y' }));
  expect(await Promise.all(requests)).toEqual([200, 200, 200]);
  expect([own.calls.length, others.calls.length]).toEqual([1, 1]);
});
