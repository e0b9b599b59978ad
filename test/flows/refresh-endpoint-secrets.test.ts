import { inspect } from 'node:util';
import { type RefreshEndpointOptions, refreshEndpoint } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, signedIn } from '../support/refresh.ts';
import { TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const tokens = {
  access_token: 'hush.access',
  refresh_token: 'hush.refresh',
  id_token: 'hush.id',
  expires_in: 60,
};
const shown = (value: unknown) =>
  inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, maxArrayLength: null });

/** An error of the platform that holds on to the request, as some do. */
const heavy = (body: string) =>
  Object.assign(new TypeError(`fetch failed: ${body}`), {
    request: new Request(TOKEN_ENDPOINT, { method: 'POST', body }),
    config: { data: body },
    cause: new Error(body),
  });

const answers: [string, (body: string) => Response | Promise<Response>][] = [
  ['a lost answer', (body) => Promise.reject(heavy(body))],
  ['an abort of the platform', () => Promise.reject(new DOMException('hush.refresh', 'AbortError'))],
  [
    'a body that breaks off',
    (body) => new Response(new ReadableStream({ start: (controller) => controller.error(heavy(body)) })),
  ],
  ['503', () => new Response('hush.body', { status: 503 })],
  [
    '400 that quotes the request',
    (body) => Response.json({ error: 'invalid_request', error_description: body }, { status: 400 }),
  ],
  ['400 whose error is the token', () => Response.json({ error: 'hush.refresh' }, { status: 400 })],
  ['400 with HTML', (body) => new Response(`<html>${body}</html>`, { status: 400 })],
  [
    '400 invalid_grant',
    (body) => Response.json({ error: 'invalid_grant', error_description: body }, { status: 400 }),
  ],
  ['200 invalid_grant', (body) => Response.json({ error: 'invalid_grant', error_description: body })],
  ['200 without an access token', (body) => Response.json({ refresh_token: 'hush.new', echo: body })],
  [
    '200 with a strange access token',
    () => Response.json({ access_token: { hush: 'hush.new' }, refresh_token: 'hush.new' }),
  ],
  ['200 with an access token that breaks a header', () => Response.json({ access_token: 'hush.new\r\n' })],
  ['200 with a text', () => new Response('access_token=hush.new&refresh_token=hush.new')],
  [
    'a `statusText` and headers that quote it',
    () =>
      new Response(null, { status: 400, statusText: 'hush.refresh', headers: { 'x-echo': 'hush.refresh' } }),
  ],
];

const kinds: [string, Partial<RefreshEndpointOptions>][] = [
  ['form', { clientId: 'id', clientSecret: 'hush.secret', clientAuth: 'client_secret_post' }],
  ['form with basic', { clientId: 'id', clientSecret: 'hush.secret' }],
  ['json', { format: 'json', headers: { 'x-csrf': 'hush.csrf' } }],
  ['cookie', { format: 'cookie', body: () => ({ device: 'hush.device' }) }],
];

describe.each(kinds)('%s', (_, options) => {
  test.each(answers)(
    'R70: %s makes an error, and an event, that show no token and no request body',
    async (_, answer) => {
      const { auth, world, heard } = await signedIn({
        refresh: refreshEndpoint({ url: `${TOKEN_ENDPOINT}?key=hush.key`, ...options }),
        tokens,
      });
      world.answerRefresh = ({ body }) => answer(body);
      const result = failure(auth.refresh());
      await vi.advanceTimersByTimeAsync(30_000);
      const error = await result;
      expect(error.code).toMatch(/^(refresh-failed|session-ended)$/);
      expect(heard.length).toBeGreaterThan(0);
      const secrets = /hush|grant_type=|Basic [A-Za-z0-9]/;
      expect(shown(error)).not.toMatch(secrets);
      expect(shown(heard)).not.toMatch(secrets);
      expect(JSON.stringify(heard)).not.toMatch(secrets);
    },
  );
});

test('R70: neither does the error of a time limit', async () => {
  const { auth, world, heard } = await signedIn({ tokens });
  world.answerRefresh = () => new Promise(() => {});
  const result = failure(auth.refresh());
  await vi.advanceTimersByTimeAsync(40_000);
  expect(shown([await result, heard])).not.toMatch(/hush/);
});

test('R70: the error says who failed and how, for those who look for the reason', async () => {
  const { auth, world } = await signedIn({ tokens });
  world.answerRefresh = () => Response.json({ error: 'invalid_client' }, { status: 401 });
  const { cause } = await failure(auth.refresh());
  expect(shown(cause)).toContain(TOKEN_ENDPOINT);
  expect(cause).toMatchObject({ status: 401, error: 'invalid_client' });
});

test('R70: what is told of refreshes that went well shows no token either', async () => {
  const { auth, heard } = await signedIn({ tokens });
  await auth.refresh();
  await auth.signOut();
  expect(heard).toHaveLength(2);
  expect(shown(heard)).not.toMatch(/hush|access-|refresh-\d/);
});

test('R70: logging the manager shows no token', async () => {
  const { auth } = await signedIn({ tokens });
  expect(inspect(auth, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('hush');
  expect(JSON.stringify(auth)).not.toContain('hush');
});

test.each<[string, unknown]>([
  ['url', undefined],
  ['url', 7],
  ['format', 'xml'],
  ['clientId', 7],
  ['clientAuth', 'private_key_jwt'],
  ['resource', 7],
  ['parameters', 'hush=1'],
  ['headers', 7],
  ['body', {}],
  ['read', 'data'],
  ['isSessionEnded', true],
  ['clientsecret', 'hush.secret'],
])('a wrong %s is a TypeError at creation that names it, and no value: %o', (name, value) => {
  const options = { url: TOKEN_ENDPOINT, [name]: value };
  let thrown: unknown;
  try {
    refreshEndpoint(options as RefreshEndpointOptions);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TypeError);
  expect(`${thrown}`).toContain(name);
  expect(`${thrown}`).not.toContain('hush');
});
