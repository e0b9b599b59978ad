import { memoryStore, type Revoke } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { follow, record } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred, type World } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

function createStage(options: Parameters<typeof createManager>[1] = {}) {
  const world: World = createWorld();
  const revoke = vi.fn<Revoke>(async () => {});
  const auth = createManager(world, { revoke, ...options });
  return { world, revoke, auth, told: record(auth) };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

describe('a revocation and the page that is left', () => {
  test('its request outlives the page: keepalive, unless it says otherwise', async () => {
    const sent: unknown[] = [];
    const underneath: typeof fetch = async (input, init) => {
      sent.push([`${input}`, init]);
      return new Response();
    };
    const url = `${API}/revoke`;
    const init = { method: 'POST', body: 'token' };
    const { auth } = createStage({
      fetch: underneath,
      async revoke({ fetch }) {
        await fetch(url);
        await fetch(url, init);
        await fetch(url, { keepalive: false });
      },
    });
    await auth.signIn(first);
    await auth.signOut();
    expect(sent).toEqual([
      [url, { keepalive: true }],
      [url, { ...init, keepalive: true }],
      [url, { keepalive: false }],
    ]);
    expect(init).toEqual({ method: 'POST', body: 'token' });
  });

  test.each([
    ['nowhere', undefined],
    ['in a store', memoryStore()],
  ])(
    'its request is sent in the very task of signOut(), after which the page may be left: tokens kept %s',
    async (_where, store) => {
      const underneath = vi.fn(async () => new Response());
      const { auth } = createStage({
        store,
        fetch: underneath,
        revoke: ({ fetch }) => fetch(`${API}/revoke`, { method: 'POST' }),
      });
      await auth.signIn(first);
      const out = auth.signOut();
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      expect(underneath).toHaveBeenCalledTimes(1);
      await out;
    },
  );
});

describe('tokens that come after the sign-out', () => {
  test('R32, R61: a late result is revoked also by a manager that was closed meanwhile', async () => {
    const { auth, revoke, world } = createStage({ store: memoryStore() });
    const answer = deferred<Response>();
    world.answerRefresh = () => answer.promise;
    await auth.signIn(first);
    void follow(auth.refresh());
    await tick();
    await auth.signOut();
    auth.close();
    answer.resolve(Response.json({ access_token: 'late', refresh_token: 'late-refresh' }));
    await tick();
    expect(revoke.mock.calls.map(([{ tokens }]) => tokens?.refreshToken)).toEqual([
      'refresh-0',
      'late-refresh',
    ]);
  });

  test.each([
    ['revoked, too', undefined, ['refresh-0', 'changed-refresh']],
    ['not revoked where the sign-out does not revoke', false, []],
  ])(
    'R32, R40: what a change of password brings after the sign-out is dropped and %s',
    async (_what, revoke, expected) => {
      const stage = createStage({ capture: [{ url: `${API}/password` }] });
      const answer = deferred<Response>();
      await stage.auth.signIn(first);
      stage.world.answerApi = () => answer.promise;
      const change = stage.auth.fetch(`${API}/password`, { method: 'POST' });
      await tick();
      await stage.auth.signOut({ revoke });
      answer.resolve(Response.json({ access_token: 'changed', refresh_token: 'changed-refresh' }));
      expect((await change).status).toBe(200);
      expect(stage.auth.tokens).toBeUndefined();
      const revoked = stage.revoke.mock.calls.map(([{ tokens }]) => tokens?.refreshToken);
      expect(revoked).toEqual(expected);
    },
  );

  test('R32, R41: so is what a sign-in brings that was under way', async () => {
    const stage = createStage({ capture: [{ url: `${API}/sign-in`, startsSession: true }] });
    const answer = deferred<Response>();
    stage.world.answerApi = () => answer.promise;
    const signIn = stage.auth.fetch(`${API}/sign-in`, { method: 'POST' });
    await tick();
    await stage.auth.signOut();
    answer.resolve(Response.json({ access_token: 'x', refresh_token: 'y' }));
    await signIn;
    expect(stage.auth.tokens).toBeUndefined();
    expect(stage.revoke.mock.calls.map(([{ tokens }]) => tokens?.refreshToken)).toEqual(['y']);
  });
});
