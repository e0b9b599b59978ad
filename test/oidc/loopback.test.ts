/** The port that a browser comes back to: real requests over the loopback interface. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { listen } from '../../src/oidc/loopback.ts';

const REGISTERED = 'http://127.0.0.1/callback';

/** Listens until the test ends, or `end` is called. */
async function start(registered = REGISTERED, state = 'mine') {
  const controller = new AbortController();
  const end = () => controller.abort();
  onTestFinished(end);
  const { redirectUri, callback } = await listen(registered, state, controller.signal);
  const come = vi.fn();
  callback.then(come);
  return {
    ...{ redirectUri, callback, end, come },
    /** What a browser, or anybody, sends there; `path` as it stands. */
    async ask(path: string, method = 'GET') {
      const { hostname, port } = new URL(redirectUri);
      const sent = request({ host: hostname.replace(/[[\]]/g, ''), port, path, method, agent: false }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
    },
    isOpen: async () => {
      const { hostname, port } = new URL(redirectUri);
      const socket = connect(+port, hostname.replace(/[[\]]/g, ''));
      return once(socket, 'connect').then(
        () => Boolean(socket.destroy()),
        () => false,
      );
    },
  };
}

describe('RFC 8252 §7.3: the redirect URI', () => {
  test('gets a port of the loopback interface, another one each time', async () => {
    const [one, other] = [await start(), await start()];
    expect(one.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    expect(other.redirectUri).not.toBe(one.redirectUri);
  });

  test('stays as it is registered otherwise', async () => {
    expect((await start('http://127.0.0.1')).redirectUri).toMatch(/:\d+$/);
    expect((await start('http://127.0.0.1/?app=tool')).redirectUri).toMatch(/:\d+\/\?app=tool$/);
  });

  test('may be of IPv6, where the machine has it', async ({ skip }) => {
    const probe = createServer();
    const hasIt = await new Promise((resolve) => {
      probe.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true));
    });
    probe.close();
    if (!hasIt) skip('no ::1');
    const { redirectUri, ask, callback } = await start('http://[::1]/callback');
    expect(redirectUri).toMatch(/^http:\/\/\[::1]:\d+\/callback$/);
    await ask('/callback?code=c&state=mine');
    expect((await callback).get('code')).toBe('c');
  });

  test('may name a port; one that is taken is an error that says so', async () => {
    const taken = await start();
    await expect(start(taken.redirectUri)).rejects.toMatchObject({
      code: 'loopback-failed',
      message: 'loopback failed: EADDRINUSE',
    });
    taken.end();
    expect((await start(taken.redirectUri)).redirectUri).toBe(taken.redirectUri);
  });

  test.for([
    'https://app.example.com/callback',
    'http://localhost/callback',
    'http://127.0.0.1.evil.test/callback',
    'http://127.0.0.1@evil.test/callback',
    'https://127.0.0.1/callback',
    'com.example.tool:/callback',
  ])('is not %s (RFC 8252 §8.3)', async (registered) => {
    await expect(start(registered)).rejects.toThrow(
      new TypeError(
        `evertoken: redirectUri is "${registered}"; expected http://127.0.0.1 or http://[::1], and a path`,
      ),
    );
  });
});

test('the callback is answered with a plain page that nobody keeps, and then nobody listens any more', async () => {
  const { ask, callback, isOpen } = await start();
  expect(await isOpen()).toBe(true);
  const answer = await ask('/callback?code=c&state=mine&iss=https%3A%2F%2Fas.example.com');
  expect(answer).toMatchObject({
    status: 200,
    body: 'You can close this window.',
    headers: {
      'content-type': 'text/plain',
      'cache-control': 'no-store',
    },
  });
  expect(Object.fromEntries(await callback)).toEqual({
    code: 'c',
    state: 'mine',
    iss: 'https://as.example.com',
  });
  expect(await isOpen()).toBe(false);
});

test('a refusal comes back in the same way', async () => {
  const { ask, callback } = await start();
  await ask('/callback?error=access_denied&state=mine');
  expect((await callback).get('error')).toBe('access_denied');
});

test.for([
  ['another state', '/callback?code=evil&state=other'],
  ['no state', '/callback?code=evil'],
  ['neither code nor error', '/callback?state=mine'],
  ['another path', '/favicon.ico'],
  ['another path with all the rest', '/other?code=evil&state=mine'],
  ['another origin', 'http://evil.test/callback?code=evil&state=mine'],
  ['no scheme', '//evil.test/callback?code=evil&state=mine'],
  ['no URL', 'http://['],
  ['a form', '/callback?code=evil&state=mine', 'POST'],
  ['a look ahead', '/callback?code=evil&state=mine', 'HEAD'],
])('a request with %s is not found, and neither ends nor wins the sign-in', async ([, path = '', method]) => {
  const { ask, callback, come } = await start();
  expect((await ask(path, method)).status).toBe(404);
  expect(come).not.toHaveBeenCalled();
  await ask('/callback?code=good&state=mine');
  expect((await callback).get('code')).toBe('good');
});

test('of two callbacks with the state the first one counts', async () => {
  const { ask, callback } = await start();
  const answers = await Promise.allSettled([
    ask('/callback?code=first&state=mine'),
    ask('/callback?code=second&state=mine'),
  ]);
  expect(answers.filter((one) => one.status === 'fulfilled' && one.value.status === 200)).toHaveLength(1);
  expect((await callback).get('code')).toMatch(/first|second/);
});

test('an end closes the port, and connections that are open', async () => {
  const { end, isOpen, redirectUri, come } = await start();
  const socket = connect(+new URL(redirectUri).port, '127.0.0.1');
  await once(socket, 'connect');
  end();
  await once(socket, 'close');
  expect(await isOpen()).toBe(false);
  expect(come).not.toHaveBeenCalled();
});

test('an end before it listens leaves no port open', async () => {
  const taken = await start();
  taken.end();
  const controller = new AbortController();
  const listening = listen(taken.redirectUri, 'mine', controller.signal);
  controller.abort('enough');
  await expect(listening).rejects.toBe('enough');
  expect(await taken.isOpen()).toBe(false);
});

test('a platform without node:http is told so', async () => {
  vi.stubGlobal('process', undefined);
  const failure = start();
  vi.unstubAllGlobals();
  await expect(failure).rejects.toMatchObject({
    code: 'loopback-failed',
    message: 'loopback failed: this platform has no node:http',
  });
});
