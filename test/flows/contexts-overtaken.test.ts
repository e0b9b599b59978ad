/** A refresh whose answer comes after another context has signed out, before the news of that. */
import { memoryStorage } from 'evertoken';
import { expect, test, vi } from 'vitest';
import { createManager, createWorld, deferred } from '../support/world.ts';

test('R32, R54: a refresh that another context has overtaken by a sign-out, not heard of yet, rejects with session-changed', async () => {
  vi.stubGlobal('BroadcastChannel', undefined);
  const world = createWorld();
  const shared = { storage: memoryStorage(), name: 'shared' };
  const first = createManager(world, shared);
  await first.signIn({ access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 });
  const second = createManager(world, shared);
  await second.ready;
  world.good = 'none';
  const answer = deferred();
  const answerRefresh = world.answerRefresh;
  world.answerRefresh = async (request, count) => {
    await answer.promise;
    return answerRefresh(request, count);
  };
  const request = first.fetch('https://api.example.com/me').then(
    ({ status }) => status,
    ({ code }) => code,
  );
  await vi.waitFor(() => expect(world.refreshes).toHaveLength(1));
  await second.signOut();
  answer.resolve();
  expect(await request).toBe('session-changed');
  expect(world.api).toHaveLength(1);
});
