import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ME, ownRefresh, type Scene, settle, signedIn, status } from '../support/refresh.ts';
import { API, createWorld, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A manager whose API refuses these paths whatever the token is; any other path takes every token. */
async function refusing(
  ...paths: string[]
): Promise<Scene & { ask(path: string, method?: string): Promise<number> }> {
  const scene = await signedIn();
  scene.world.answerApi = ({ url }) =>
    paths.some((path) => new URL(url).pathname === path) ? unauthorized() : Response.json({});
  return { ...scene, ask: (path, method = 'GET') => status(scene.auth.fetch(API + path, { method })) };
}

describe('a place that refuses for good', () => {
  test('R23: causes refreshes after 10, 20, 40, 60 and 60 seconds, and none in between', async () => {
    const { world, ask } = await refusing('/a');
    await ask('/a');
    let refreshes = 1;
    for (const seconds of [10, 20, 40, 60, 60]) {
      expect(world.refreshes).toHaveLength(refreshes);
      await pass(seconds * 1_000 - 1);
      expect(await ask('/a')).toBe(401);
      expect(world.refreshes, `just before ${seconds} s`).toHaveLength(refreshes);
      await pass(1);
      expect(await ask('/a')).toBe(401);
      refreshes++;
    }
    expect(world.refreshes).toHaveLength(refreshes);
  });

  test('R23, R13: a clock that is set back makes the marks last no longer', async () => {
    const { world, ask } = await refusing('/a');
    await ask('/a');
    vi.setSystemTime(Date.now() - 86_400_000);
    await pass(10_000);
    await ask('/a');
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: under the marks a refusal is returned whole, after one sending', async () => {
    const { world, auth, ask, heard } = await refusing('/a');
    await ask('/a');
    const sent = world.api.length;
    const response = await auth.fetch(`${API}/a`);
    expect([response.status, await response.text()]).toEqual([401, 'refused']);
    expect(world.api).toHaveLength(sent + 1);
    expect(heard.filter(([event]) => event === 'signed-out')).toEqual([]);
  });

  test('R22, R23: a refresh that brings the same token again starts no loop', async () => {
    const { world, auth } = await signedIn();
    world.answerApi = () => unauthorized();
    world.answerRefresh = () => Response.json({ access_token: 'access-0' });
    for (let i = 0; i < 3; i++) expect(await status(auth.fetch(ME))).toBe(401);
    expect([world.refreshes.length, world.api.length]).toEqual([1, 4]);
  });

  test('R23: a hundred requests in a row cause one refresh', async () => {
    const { world, ask } = await refusing('/a');
    for (let i = 0; i < 100; i++) await ask('/a');
    expect([world.refreshes.length, world.api.length]).toEqual([1, 101]);
  });

  test('R23: ten refused at once set the marks once: the cool-down is 10 s, not a minute', async () => {
    const { world, ask } = await refusing('/a');
    await Promise.all(Array.from({ length: 10 }, () => ask('/a')));
    expect(world.refreshes).toHaveLength(1);
    await pass(10_000);
    await ask('/a');
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: a query makes no other place, a method does', async () => {
    const { world, ask } = await refusing('/a');
    await ask('/a?page=1');
    await ask('/ok');
    await ask('/a?page=2');
    expect(world.refreshes).toHaveLength(1);
    await ask('/a', 'POST');
    expect(world.refreshes).toHaveLength(2);
  });
});

describe('the token’s mark', () => {
  test('R23: no refusal anywhere causes another refresh', async () => {
    const { world, ask } = await refusing('/a', '/b', '/c');
    await ask('/a');
    expect([await ask('/b'), await ask('/c', 'POST')]).toEqual([401, 401]);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R23: is lifted where the token is accepted, so another place’s refusal refreshes', async () => {
    const { world, ask } = await refusing('/a', '/b');
    await ask('/a');
    expect(await ask('/ok')).toBe(200);
    await ask('/b');
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: a server that fails accepts nothing', async () => {
    const { world, ask } = await refusing('/a', '/b');
    await ask('/a');
    const answer = world.answerApi;
    world.answerApi = () => new Response(null, { status: 503 });
    await ask('/ok');
    world.answerApi = answer;
    await ask('/b');
    expect(world.refreshes).toHaveLength(1);
  });

  test('R23: does not hold for the token of another refresh', async () => {
    const { world, auth, ask } = await refusing('/a', '/b');
    await ask('/a');
    await auth.refresh();
    await ask('/b');
    expect(world.refreshes).toHaveLength(3);
  });

  test('R23: an acceptance of the token that was replaced does not lift it', async () => {
    const { world, auth, ask } = await refusing('/a', '/b');
    const answer = world.answerApi;
    const late = deferred<Response>();
    world.answerApi = (seen) => (seen.url.endsWith('/old') ? late.promise : answer(seen));
    const old = status(auth.fetch(`${API}/old`));
    await ask('/a');
    late.resolve(Response.json({}));
    expect(await old).toBe(200);
    await ask('/b');
    expect(world.refreshes).toHaveLength(1);
  });
});

describe('the place’s mark', () => {
  test('R23: stays while other places accept the token', async () => {
    const { world, ask } = await refusing('/a');
    await ask('/a');
    for (let i = 0; i < 9; i++) {
      await pass(1_000);
      expect([await ask('/ok'), await ask('/a')]).toEqual([200, 401]);
    }
    expect(world.refreshes).toHaveLength(1);
  });

  test('R23: is doubled although other places accept the token', async () => {
    const { world, ask } = await refusing('/a');
    for (const seconds of [10, 20, 40]) {
      await ask('/a');
      await ask('/ok');
      const { length } = world.refreshes;
      await pass(seconds * 1_000 - 1);
      await ask('/a');
      expect(world.refreshes, `just before ${seconds} s`).toHaveLength(length);
      await pass(1);
    }
    expect(world.refreshes).toHaveLength(3);
  });

  test('R23: stays over a refresh, which does nothing for the place', async () => {
    const { world, auth, ask } = await refusing('/a');
    await ask('/a');
    await auth.refresh();
    expect(await ask('/a')).toBe(401);
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: is lifted by an acceptance there, so the next refusal refreshes', async () => {
    const { world, ask } = await refusing('/a');
    await ask('/a');
    const refuse = world.answerApi;
    world.answerApi = () => Response.json({});
    expect(await ask('/a')).toBe(200);
    world.answerApi = refuse;
    await ask('/a');
    expect(world.refreshes).toHaveLength(2);
  });
});

describe('no mark', () => {
  test('R23: for a token past its known lifetime, which no answer needs to excuse', async () => {
    const world = createWorld({ lifetime: 2 });
    const { auth } = await signedIn({ world, refreshAhead: false });
    world.answerApi = async ({ authorization }) => {
      if (authorization !== 'Bearer access-0') await new Promise((resolve) => setTimeout(resolve, 3_000));
      return unauthorized();
    };
    const first = status(auth.fetch(ME));
    await pass(3_000);
    expect(await first).toBe(401);
    const second = status(auth.fetch(ME));
    await pass(6_000);
    expect(await second).toBe(401);
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: for a token that somebody else’s commit replaced before the replay was refused', async () => {
    const { world, auth } = await signedIn();
    const late = deferred<Response>();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-1' ? late.promise : unauthorized();
    const first = status(auth.fetch(ME));
    await settle();
    await auth.refresh();
    late.resolve(unauthorized());
    expect(await first).toBe(401);
    expect(world.refreshes).toHaveLength(2);
    expect(await status(auth.fetch(ME))).toBe(401);
    expect(world.refreshes).toHaveLength(3);
  });

  test('R23: for the replay of a late refusal, which did not directly follow the token’s issue', async () => {
    const { world, auth } = await signedIn();
    const late = deferred<Response>();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? late.promise : unauthorized();
    const first = status(auth.fetch(ME));
    await auth.refresh();
    late.resolve(unauthorized());
    expect(await first).toBe(401);
    expect(world.refreshes).toHaveLength(1);
    await status(auth.fetch(ME));
    expect(world.refreshes).toHaveLength(2);
  });

  test.each([403, 500])('R23: for a replay that is answered with %d', async (code) => {
    const { world, auth } = await signedIn();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? unauthorized() : new Response(null, { status: code });
    expect(await status(auth.fetch(ME))).toBe(code);
    world.answerApi = () => unauthorized();
    await auth.fetch(ME);
    expect(world.refreshes).toHaveLength(2);
  });

  test('R23: when the refresh failed, the next refusal after the back-off tries again', async () => {
    const own = ownRefresh();
    const { auth } = await signedIn({ good: 'access-1', refresh: own.refresh });
    const first = auth.fetch(ME).catch((error: { retryAt: number }) => error.retryAt);
    await settle();
    own.calls[0]?.reject(new Error('offline'));
    await pass(Math.ceil(Number(await first) - Date.now()));
    const second = status(auth.fetch(ME));
    await settle();
    expect(own.calls).toHaveLength(2);
    own.calls[1]?.resolve({ access_token: 'access-1' });
    expect(await second).toBe(200);
  });
});
