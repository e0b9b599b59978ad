/** Who waits for the server's metadata, and for how long they are looked for. */
import { expect, test, vi } from 'vitest';
import { createDiscovery, limited } from '../../src/oidc/discovery.ts';

const server = { issuer: 'https://as.example.com' };

/** A search that goes on until it is told what it has found. */
function start() {
  const searches: (PromiseWithResolvers<typeof server> & { signal: AbortSignal })[] = [];
  const discover = createDiscovery(undefined, (_fetch, signal) => {
    const search = { ...Promise.withResolvers<typeof server>(), signal };
    searches.push(search);
    return search.promise;
  });
  return { discover, searches };
}

test('what is given is not looked for', async () => {
  const find = vi.fn();
  expect(await createDiscovery(server, find)()).toBe(server);
  expect(find).not.toHaveBeenCalled();
});

test('all wait for one search, and what it has found is known', async () => {
  const { discover, searches } = start();
  const both = Promise.all([discover(), discover(undefined, new AbortController().signal)]);
  searches[0]?.resolve(server);
  expect(await both).toEqual([server, server]);
  expect(await discover()).toBe(server);
  expect(searches).toHaveLength(1);
});

test('R33: who gives up is gone at once, and ends no search that others wait for', async () => {
  const { discover, searches } = start();
  const controller = new AbortController();
  const [first, second] = [discover(undefined, controller.signal), discover()];
  controller.abort('enough');
  await expect(first).rejects.toBe('enough');
  expect(searches[0]?.signal.aborted).toBe(false);
  searches[0]?.resolve(server);
  expect(await second).toBe(server);
});

test('R33: with the last one the search is over, and the next one begins anew', async () => {
  const { discover, searches } = start();
  const controller = new AbortController();
  const waiting = [discover(undefined, controller.signal), discover(undefined, controller.signal)];
  controller.abort('enough');
  await Promise.allSettled(waiting);
  expect(searches[0]?.signal.aborted).toBe(true);
  const next = discover();
  searches[0]?.reject(new Error('aborted'));
  searches[1]?.resolve(server);
  expect(await next).toBe(server);
});

test('a failure is told to all who waited, and to nobody who comes after it', async () => {
  const { discover, searches } = start();
  const again = discover().catch(() => discover());
  const other = discover();
  searches[0]?.reject(new Error('down'));
  await expect(other).rejects.toThrow('down');
  searches[1]?.resolve(server);
  expect(await again).toBe(server);
});

test('a request is over with its signal, for the same reason, and is limited without one', () => {
  expect(limited().aborted).toBe(false);
  const controller = new AbortController();
  const limit = limited(controller.signal);
  expect(limit.aborted).toBe(false);
  controller.abort('enough');
  expect(limit.reason).toBe('enough');
  expect(limited(controller.signal).reason).toBe('enough');
});
