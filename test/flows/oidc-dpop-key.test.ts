/** The code is bound to the key of the tokens it brings (RFC 9449 §10), by `evertoken/oidc` and `evertoken/dpop` together. */
import { dpop } from 'evertoken/dpop';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { beforeEach, expect, test } from 'vitest';
import { stubIndexedDb } from '../support/databases.ts';
import { type Call, createApp, createOidcServer, type Tampering } from '../support/oidc-server.ts';

beforeEach(() => {
  stubIndexedDb();
});

const bound: Tampering = { tokens: { token_type: 'DPoP' } };
const jktOf = (call: Call | undefined): Promise<string> =>
  calculateJwkThumbprint(decodeProtectedHeader(`${call?.headers.get('dpop')}`).jwk ?? {});

test.for([
  ['in the URL', {}],
  ['in a pushed request', { require_pushed_authorization_requests: true }],
] as const)(
  'RFC 9449 §10: the key is named before the login, %s, and the code is exchanged with it; the next sign-in has another',
  async ([, metadata]) => {
    const server = await createOidcServer({ ...bound, metadata });
    const { asked, signIn } = createApp(server, { dpop: dpop('shop') });
    const keys: unknown[] = [];
    for (const round of [0, 1]) {
      await signIn();
      const { dpop_jkt: jkt } =
        'require_pushed_authorization_requests' in metadata
          ? (server.to('/par')[round]?.form ?? {})
          : asked();
      expect(await jktOf(server.to('/token')[round])).toBe(jkt);
      keys.push(jkt);
    }
    expect(new Set(keys).size).toBe(2);
  },
);

test('the key is found again after the redirect, by a page that is loaded anew', async () => {
  const server = await createOidcServer(bound);
  const before = createApp(server, { dpop: dpop('shop') });
  const storage = before.storage;
  await before.client.signInRedirect();
  const after = createApp(server, { dpop: dpop('shop'), storage });
  expect(await after.client.handleRedirect(server.login(`${before.left[0]}`))).toBeDefined();
  expect(await jktOf(server.to('/token')[0])).toBe(before.asked()['dpop_jkt']);
});

test('refreshes are signed with it, and an abandoned sign-in leaves the session its own', async () => {
  const server = await createOidcServer(bound);
  const { client, signIn } = createApp(server, { dpop: dpop('shop') });
  const tokens = (await signIn())?.tokens;
  await client.signInRedirect();
  await client.refresh({
    tokens: { accessToken: 'access-1', tokenType: 'DPoP', refreshToken: `${tokens?.refresh_token}` },
    signal: new AbortController().signal,
    fetch: server.fetch,
  });
  const [exchange, refresh] = await Promise.all(server.to('/token').map(jktOf));
  expect(refresh).toBe(exchange);
});

test('a `dpop` of the app’s own without `thumbprint` announces no key', async () => {
  const { client, asked } = createApp(await createOidcServer(), { dpop: { wrap: (fetch) => fetch } });
  await client.signInRedirect();
  expect(asked()).not.toHaveProperty('dpop_jkt');
});
