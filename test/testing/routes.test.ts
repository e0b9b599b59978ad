/** What the test server answers to what nobody should ask. */
import { createAuthorizationServer } from 'evertoken/testing';
import { expect, test } from 'vitest';

const server = createAuthorizationServer();
const { endpoints } = server;

const send = async (url: string, init?: RequestInit) => {
  const response = await server.respond(new Request(url, init));
  return response?.status;
};

test.for([
  [endpoints.token, 'GET'],
  [endpoints.revocation, 'GET'],
  [endpoints.cookieRefresh, 'PUT'],
  [endpoints.authorization, 'POST'],
] as const)('%s by %s is 405', async ([url, method]) => {
  expect(await send(url, { method })).toBe(405);
});

test('a grant that it does not know is `unsupported_grant_type`', async () => {
  const body = new URLSearchParams({ grant_type: 'password' });
  const response = await server.respond(new Request(endpoints.token, { method: 'POST', body }));
  expect(await response?.json()).toEqual({ error: 'unsupported_grant_type' });
});

test('RFC 7009 §2.2: an unknown token is revoked already', async () => {
  expect(await send(endpoints.revocation, { method: 'POST', body: 'token=unknown' })).toBe(200);
});

test('who changes credentials needs a good token', async () => {
  expect(await send(endpoints.credentials, { method: 'POST', body: '{}' })).toBe(401);
});

test('a cookie is neither sent nor removed by who says `credentials: omit`', async () => {
  await send(endpoints.cookieSignIn, { method: 'POST' });
  expect(await send(endpoints.cookieRefresh, { method: 'POST', credentials: 'omit' })).toBe(401);
  expect(await send(endpoints.cookieSignOut, { method: 'POST', credentials: 'omit' })).toBe(204);
  expect(await send(endpoints.cookieRefresh, { method: 'POST' })).toBe(200);
  expect(await send(endpoints.cookieSignOut, { method: 'POST' })).toBe(204);
  expect(await send(endpoints.cookieRefresh, { method: 'POST' })).toBe(401);
});

test.for(['garbage', 'offline', 503] as const)(
  '%s: the cookie stays, and the next refresh works',
  async (how) => {
    await send(endpoints.cookieSignIn, { method: 'POST' });
    server.failNextRefresh(how);
    await send(endpoints.cookieRefresh, { method: 'POST' });
    expect(await send(endpoints.cookieRefresh, { method: 'POST' })).toBe(200);
  },
);

test('a logout without a hint, or with one that is no ID token, ends nothing', async () => {
  const { access_token } = await server.issue();
  expect(await send(endpoints.endSession)).toBe(200);
  expect(await send(`${endpoints.endSession}?id_token_hint=a.b.c`)).toBe(200);
  const headers = { authorization: `Bearer ${access_token}` };
  const guarded = server.guard(() => new Response('in'));
  expect((await guarded({ request: new Request('https://api.example.com', { headers }) })).status).toBe(200);
});
