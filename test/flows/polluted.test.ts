/** R37: what a page put on `Object.prototype` is nobody's, also under the names that this package uses inside. */
import { createTokenManager, type StorePort, tokenStore } from 'evertoken';
import { expect, test } from 'vitest';
import { encrypted } from '../../src/store/encrypted.ts';
import { createRecorder } from '../support/attach.ts';
import { polluted } from '../support/polluted.ts';

test.each([
  ['a header of the caller’s own', 'https://api.example.com/me'],
  ['a URL that is not allowed', 'https://other.example.com/'],
])('R2, R3, R37: %s goes out as it is, whatever stands on Object.prototype', async (_what, url) => {
  const recorder = createRecorder();
  const auth = createTokenManager({
    ...{ allow: 'https://api.example.com', fetch: recorder.fetch, refresh: async () => ({}) },
  });
  await auth.signIn({ access_token: 'ours' });
  const headers = { authorization: 'Bearer mine', 'x-a': '1' };
  await polluted({ place: 'x', spare: null }, () => auth.fetch(url, { headers }));
  expect([...(recorder.deliveries[0]?.request.headers ?? [])]).toEqual(Object.entries(headers));
});

test('R37: what is kept of a session and its requests stands on Object.prototype in vain', async () => {
  const told: string[] = [];
  const planted = { mark: 'x', told: 'x', captures: 'x', waiting: 'x', listeners: 'x' };
  const token = await polluted(planted, async () => {
    const auth = createTokenManager({
      ...{ allow: 'https://api.example.com', capture: [{ url: 'https://api.example.com/password' }] },
      refresh: async () => ({ access_token: 'second' }),
      fetch: async () => Response.json({ access_token: 'captured' }),
    });
    auth.on('*', (event) => told.push(event));
    await auth.signIn({ access_token: 'first', refresh_token: 'r' });
    await auth.refresh();
    await auth.fetch('https://other.example.com/');
    await auth.fetch('https://api.example.com/password');
    auth.close();
    return auth.tokens?.accessToken;
  });
  const events = ['signed-in', 'token-refreshed', 'not-attached', 'token-refreshed'];
  expect([token, told]).toEqual(['captured', events]);
});

test.each([
  ['a port', (port: StorePort) => port],
  ['an encrypted one', (port: StorePort) => encrypted(port, 'tool', new Uint8Array(32))],
])('R37: %s says nothing that stands on Object.prototype', async (_what, open) => {
  let entry: Awaited<ReturnType<Parameters<typeof tokenStore>[0]['read']>>;
  const port = {
    read: async () => entry,
    async replace(version: string | undefined, next: NonNullable<typeof entry>) {
      if (entry?.version !== version) return false;
      entry = next;
      return true;
    },
  };
  const failed: unknown[] = [];
  const planted = { watch: 'x', lock: 'x', whenDown: 'alone', forgets: true, contexts: 'one' };
  const token = await polluted(planted, async () => {
    const auth = createTokenManager({
      ...{ allow: 'https://api.example.com', store: tokenStore(open(port)) },
      refresh: async () => ({ access_token: 'second' }),
    });
    auth.on('store-failed', ({ error }) => failed.push(error));
    await auth.signIn({ access_token: 'first', refresh_token: 'r' });
    await auth.refresh();
    auth.close();
    return auth.tokens?.accessToken;
  });
  expect([token, failed]).toEqual(['second', []]);
});
