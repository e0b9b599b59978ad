/** A handler that demands a good token (RFC 6750). */
import { expect, test, vi } from 'vitest';
import { createGuard, type GuardOptions } from '../../src/testing/guard.ts';

const session = { id: 's', subject: 'ann', clientId: 'spa', scope: 'read write', begunAt: 0 };
const guard = createGuard((token) => (token === 'good' ? session : undefined));

async function send(authorization?: string, options?: GuardOptions) {
  const resolver = vi.fn((_info: object) => new Response('done'));
  const headers = authorization ? { authorization } : {};
  const response = await guard(
    resolver,
    options,
  )({ request: new Request('https://api.example.com', { headers }) });
  return { resolver, status: response.status, challenge: response.headers.get('www-authenticate') };
}

test('with a good token the handler is asked, and told whose it is', async () => {
  const { resolver, status, challenge } = await send('bearer good');
  expect([status, challenge]).toEqual([200, null]);
  const told = { session: { id: 's', subject: 'ann', scope: 'read write' }, params: {}, cookies: {} };
  expect(resolver).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(told));
});

test('what is no resolver, and an option that it has not, is a TypeError at once', () => {
  expect(() => guard(undefined as never)).toThrow('the resolver is undefined; expected a function');
  expect(() => guard(() => new Response(), { scop: 'read' } as object)).toThrow('there is no scop;');
});

test.for([
  [undefined, undefined, 401, 'Bearer'],
  ['Basic Z29vZA==', undefined, 401, 'Bearer'],
  ['Bearer bad', undefined, 401, 'Bearer error="invalid_token"'],
  ['Bearer good', { scope: 'read admin' }, 403, 'Bearer error="insufficient_scope", scope="read admin"'],
] as const)('%s, %j: the handler is not asked', async ([authorization, options, status, challenge]) => {
  const found = await send(authorization, options);
  expect(found).toMatchObject({ status, challenge });
  expect(found.resolver).not.toHaveBeenCalled();
});
