/** What it says of rules and headers; that it agrees with what happens is tested in test/flows/explain-agrees.test.ts. */
import { bearer, type TokenManagerOptions } from 'evertoken';
import { expect, test, vi } from 'vitest';
import { explain } from '../../src/request/explain.ts';
import { createRecorded, createRecorder } from '../support/attach.ts';
import { API } from '../support/world.ts';

async function open(options: Partial<TokenManagerOptions> = {}, isSignedIn = true) {
  const auth = createRecorded(createRecorder(), options);
  if (isSignedIn) await auth.signIn({ access_token: 'secret', expires_in: 100, refresh_token: 'r' });
  return auth;
}

test.each([
  ['http://localhost', 'http://[::1]/', 'host'],
  ['http://127.0.0.1', 'http://localhost/', 'host'],
  ['https://example.com', 'https://api.example.com/', 'host'],
  ['https://api.example.com', 'https://example.com/', 'host'],
  ['https://api.exmaple.com', 'https://api.example.com/', 'host'],
  ['https://api.example.co', 'https://api.example.com/', 'host'],
  ['https://api.example.org', 'https://api.example.net/', undefined],
  ['https://api.example.com', 'https://api.other.test/', undefined],
  ['https://api.example.com:444', 'https://api.example.com/', 'port'],
  ['https://api.example.com:444', 'http://api.example.com/', undefined],
  ['https://api.example.com/v1', 'https://api.example.com/v10', 'path'],
])('R72: the rule %s is near %s, but for its %s', async (allow, url, differsBy) => {
  const auth = await open({ allow });
  expect(explain(auth, url).nearest).toEqual(differsBy && { rule: allow, differsBy });
});

test('R72: of several that are near, the one that differs by its path is named', async () => {
  const auth = await open({ allow: ['http://api.example.com', 'https://api.example.com/v1'] });
  expect(explain(auth, `${API}/v2`).nearest).toMatchObject({ differsBy: 'path' });
});

test('R72: the rule is the one of a place that covers the URL, a predicate and a path of the page too', async () => {
  vi.stubGlobal('location', { href: 'https://app.example.com/', origin: 'https://app.example.com' });
  const byPort = ({ port }: URL) => port === '8443';
  const auth = await open({ allow: [{ url: ['https://a.test', byPort], except: '/x' }, '/api'] });
  expect(explain(auth, 'https://b.test:8443/').rule).toBe(byPort);
  expect(explain(auth, '/api/me')).toMatchObject({ rule: '/api', url: 'https://app.example.com/api/me' });
  expect(explain(auth, '/apis').nearest).toEqual({ rule: '/api', differsBy: 'path' });
});

test('R3: the header that `attach` would set is the caller’s own as well, while it would set it', async () => {
  const attach = bearer({ header: 'X-Token' });
  const init = { headers: { 'x-token': 'mine' } };
  expect(explain(await open({ attach }), API, init).reason).toBe('own-header');
  expect(explain(await open({ attach }, false), API, init).reason).toBe('signed-out');
});

test('R12: a `keepalive` request does not wait while the token is good', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const auth = await open();
  vi.setSystemTime(Date.now() + 95_000);
  expect(explain(auth, API).waits).toBe(true);
  expect(explain(auth, API, { keepalive: true }).waits).toBe(false);
  expect(explain(auth, new Request(API, { keepalive: true })).waits).toBe(false);
  vi.setSystemTime(Date.now() + 5_000);
  expect(explain(auth, API, { keepalive: true }).waits).toBe(true);
  vi.useRealTimers();
});
