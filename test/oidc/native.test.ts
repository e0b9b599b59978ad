/** The sign-ins of programs that are no page, as such a program does them. */
import { inspect } from 'node:util';
import type { Fetch } from 'evertoken';
import type { DevicePrompt, OidcClientOptions, SignInDeviceOptions } from 'evertoken/oidc';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createApp, createOidcServer, failureOf, ISSUER, type Tampering } from '../support/oidc-server.ts';
import { polluted } from '../support/polluted.ts';
import { hearSteps } from '../support/steps.ts';

/** Step A, in its two requests. */
const stepA = [
  ['login', { url: ISSUER }],
  ['code', { url: ISSUER }],
];

const refusal = (error: string, more: object = {}) => Response.json({ error, ...more }, { status: 400 });

/** Keys and streams take their own time, which no timer shows. */
async function until(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Options of a sign-in that are not this one's. */
const foreign = { returnTo: '/p', acrValues: 'p', maxAge: 'p', prompt: 'p', loginHint: 'p', resource: 'p' };

describe('signInDevice', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  /** A server that answers the polls with these errors, then with tokens. */
  async function start(
    errors: string[] = [],
    tampering: Tampering = {},
    options: Partial<OidcClientOptions> = {},
  ) {
    const left = [...errors];
    const answer = () => {
      const error = left.shift();
      return error === undefined ? undefined : refusal(error, { error_description: 'secret' });
    };
    const server = await createOidcServer({ answer, ...tampering });
    const { client, storage } = createApp(server, options);
    const prompts: DevicePrompt[] = [];
    return {
      ...{ server, client, storage, prompts },
      async signIn(own: Partial<SignInDeviceOptions> = {}) {
        const signingIn = client.signInDevice({ onPrompt: (prompt) => prompts.push(prompt), ...own });
        let isOver = false;
        const over = () => {
          isOver = true;
        };
        signingIn.then(over, over);
        while (!isOver) {
          await until(() => isOver || vi.getTimerCount() > 0);
          if (!isOver) await vi.advanceTimersToNextTimerAsync();
        }
        return signingIn;
      },
    };
  }

  test('RFC 8628: shows the code, asks until the user has signed in, and answers as the other sign-ins', async () => {
    const { server, signIn, prompts } = await start(['authorization_pending', 'slow_down']);
    const begun = Date.now();
    const result = await signIn();
    expect(result).toMatchObject({
      tokens: { access_token: 'access-1', refresh_token: 'refresh-1', token_type: 'Bearer' },
      claims: { sub: 'alice' },
      returnTo: undefined,
    });
    expect(prompts).toEqual([
      {
        userCode: 'WDJB-MJHT',
        verificationUri: `${ISSUER}/activate`,
        verificationUriComplete: `${ISSUER}/activate?user_code=WDJB-MJHT`,
        expiresAt: expect.any(Number),
      },
    ]);
    expect(prompts[0]?.expiresAt).toBe(begun + 600_000);
    expect(server.to('/token').map(({ form }) => form)).toEqual(
      Array(3).fill({
        client_id: 'spa',
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: 'device-0',
      }),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  test.runIf(__DEVELOPMENT__)(
    'R73: tells tools of a login once, and of its code when it is granted',
    async () => {
      const told = hearSteps();
      const { signIn } = await start(['authorization_pending', 'slow_down']);
      await signIn();
      expect(told).toEqual(stepA);
    },
  );

  test('RFC 8707: asks with scope, resource and parameters, and with the resource again', async () => {
    const options = {
      scope: 'openid offline_access',
      resource: ['urn:a', 'urn:b'],
      parameters: { audience: 'x' },
    };
    const { server, signIn } = await start([], {}, options);
    await signIn({ parameters: { audience: 'y' }, loginHint: 'alice', acrValues: 'gold' }).catch(() => {});
    const [asked] = server.to('/device');
    expect(asked?.form).toMatchObject({
      client_id: 'spa',
      scope: 'openid offline_access',
      audience: 'y',
      login_hint: 'alice',
      acr_values: 'gold',
    });
    const resources = ['/device', '/token'].map((path) =>
      new URLSearchParams(`${server.to(path)[0]?.init?.body}`).getAll('resource'),
    );
    expect(resources).toEqual([
      ['urn:a', 'urn:b'],
      ['urn:a', 'urn:b'],
    ]);
  });

  test.for([
    ['another client', { claims: { aud: 'other' } }, {}],
    ['another server', { claims: { iss: 'https://evil.test' } }, {}],
    ['yesterday', { claims: { exp: 1 } }, {}],
    ['a key that is not the server’s', { isForged: true }, {}],
    ['a weaker login than was asked for', {}, { acrValues: 'gold' }],
    ['an older login than was asked for', { claims: { auth_time: 1 } }, { maxAge: 60 }],
    ['another sign-in, which had a nonce', { claims: { nonce: 'n' } }, {}],
  ] as [string, Tampering, Partial<SignInDeviceOptions>][])(
    'an ID token of %s is refused, and nobody gets the tokens',
    async ([, tampering, own]) => {
      const { signIn } = await start([], tampering);
      const error = await failureOf(signIn(own));
      expect(error.code).toMatch(/invalid-id-token|invalid-token-response/);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/access-|refresh-|device-0/);
    },
  );

  test('with `openid` there has to be an ID token; without it none is asked for', async () => {
    const { signIn } = await start([], { tokens: { id_token: undefined } });
    expect(await failureOf(signIn())).toMatchObject({ code: 'invalid-token-response' });
    const plain = await start([], {}, { scope: 'read' });
    expect(await plain.signIn()).toMatchObject({ claims: undefined, tokens: { access_token: 'access-1' } });
  });

  test('RFC 9449 §5: each question is signed with the key of this sign-in, and nothing but DPoP tokens will do', async () => {
    const wrap = vi.fn((fetch: Fetch, _thumbprint?: string) => fetch);
    const dpop = { wrap, thumbprint: async () => 'key' };
    const bound = await start(['authorization_pending'], { tokens: { token_type: 'DPoP' } }, { dpop });
    expect(await bound.signIn()).toMatchObject({ tokens: { token_type: 'DPoP' } });
    expect(wrap.mock.calls.map(([, thumbprint]) => thumbprint)).toEqual(['key', 'key']);
    const bearer = await start([], {}, { dpop });
    expect(await failureOf(bearer.signIn())).toMatchObject({ code: 'invalid-token-response' });
  });

  test('needs no storage: nothing is kept but in memory', async () => {
    const { signIn, storage } = await start();
    await signIn();
    expect(Object.keys(storage)).toEqual([]);
  });

  test.for([
    ['access_denied', { code: 'authorization-refused', error: 'access_denied', status: 400 }],
    ['expired_token', { code: 'device-code-expired', error: 'expired_token', status: 400 }],
    ['invalid_grant', { code: 'token-request-refused', error: 'invalid_grant', status: 400 }],
  ] as const)('%s ends it, and the server’s description is not told', async ([error, expected]) => {
    const { signIn } = await start(['authorization_pending', error]);
    const failure = await failureOf(signIn());
    expect(failure).toMatchObject(expected);
    expect(inspect(failure, { showHidden: true })).not.toMatch(/secret|device-0/);
  });

  test('a server without the endpoint is told so, and one that refuses the client', async () => {
    const { client } = await start([], { metadata: { device_authorization_endpoint: undefined } });
    const onPrompt = vi.fn();
    expect(await failureOf(client.signInDevice({ onPrompt }))).toMatchObject({ code: 'server-metadata' });
    const other = await start();
    other.server.answers['/device'] = () =>
      refusal('unauthorized_client', { error_description: 'no device flow' });
    expect(await failureOf(other.client.signInDevice({ onPrompt }))).toMatchObject({
      code: 'authorization-refused',
      error: 'unauthorized_client',
      message: 'authorization refused: unauthorized_client no device flow',
    });
    expect(onPrompt).not.toHaveBeenCalled();
  });

  test.for(['javascript:alert(1)', 'file:///bin/sh', 'http://as.example.com/', 'x'])(
    'nobody is sent to %s',
    async (verification_uri) => {
      for (const device of [{ verification_uri }, { verification_uri_complete: verification_uri }]) {
        const { client, prompts } = await start([], { device });
        const error = await failureOf(client.signInDevice({ onPrompt: (prompt) => prompts.push(prompt) }));
        expect(error).toMatchObject({ code: 'server-metadata' });
        expect(prompts).toEqual([]);
      }
    },
  );

  test.each([
    [0, [1_000]],
    ['2', [2_000]],
    [null, [5_000]],
    ['soon', [5_000]],
  ])('RFC 8628 §3.2: an `interval` of %j is understood', async (interval, times) => {
    const { server, signIn } = await start([], { device: { interval: interval as never } });
    const from = Date.now();
    await signIn();
    expect(server.to('/token')).toHaveLength(1);
    expect([Date.now() - from]).toEqual(times);
  });

  test('R37: no more than 1 MB of an answer is read', async () => {
    const { client, server } = await start();
    server.answers['/device'] = () => Response.json({ padding: 'x'.repeat(2_000_000) });
    expect(await failureOf(client.signInDevice({ onPrompt() {} }))).toMatchObject({
      code: 'authorization-refused',
    });
  });

  test('R70: an `onPrompt` that throws or rejects ends it; of its error the name is told', async () => {
    for (const onPrompt of [
      () => {
        throw new RangeError('secret');
      },
      () => Promise.reject(new RangeError('secret')),
    ]) {
      const { client } = await start(['authorization_pending']);
      const error = await failureOf(client.signInDevice({ onPrompt }));
      expect(error).toMatchObject({ code: 'prompt-failed', message: 'prompt failed: RangeError' });
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test('an `onPrompt` that never settles holds nothing up', async () => {
    const { signIn } = await start();
    expect(await signIn({ onPrompt: () => new Promise(() => {}) })).toMatchObject({
      claims: { sub: 'alice' },
    });
  });

  test('an `onPrompt` that is no function is a TypeError before anything is sent', async () => {
    const { client, server } = await start();
    await expect(client.signInDevice({} as SignInDeviceOptions)).rejects.toThrow(
      new TypeError('evertoken: onPrompt is undefined; expected a function'),
    );
    await expect(client.signInDevice(undefined as never)).rejects.toThrow(TypeError);
    expect(server.calls).toEqual([]);
  });

  test('R37: what a page put on Object.prototype is nobody’s option, error, link or path', async () => {
    const device = { verification_uri_complete: undefined };
    const { signIn, prompts, server } = await start(['authorization_pending'], { device });
    const members = {
      ...{ signal: AbortSignal.abort('p'), error: 'access_denied', status: 400, retryAt: 1e15 },
      ...{ verification_uri_complete: 'urn:p', expectedNonce: 'p' },
    };
    const result = await polluted({ ...foreign, ...members }, () => signIn());
    expect(result).toMatchObject({ claims: { sub: 'alice' }, returnTo: undefined });
    expect(prompts[0]?.verificationUriComplete).toBeUndefined();
    expect(server.calls.flatMap(({ form }) => Object.values(form))).not.toContain('p');
  });

  test('its signal ends it at once with its reason, and leaves no timer', async () => {
    const { client, server } = await start(Array(99).fill('authorization_pending'));
    const controller = new AbortController();
    const shown = Promise.withResolvers<DevicePrompt>();
    const signingIn = client.signInDevice({ onPrompt: shown.resolve, signal: controller.signal });
    const outcome = expect(signingIn).rejects.toBe('enough');
    await shown.promise;
    for (const polls of [1, 2]) {
      await until(() => vi.getTimerCount() === 1);
      await vi.advanceTimersByTimeAsync(5_000);
      await until(() => server.to('/token').length === polls && vi.getTimerCount() === 1);
    }
    controller.abort('enough');
    await outcome;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.to('/token')).toHaveLength(2);
  });

  test('its signal ends a request that is under way', async () => {
    let sent: AbortSignal | null | undefined;
    const { client } = await start([], {
      answer: ({ init }) => {
        sent = init?.signal;
        return new Promise<Response>(() => {});
      },
    });
    const controller = new AbortController();
    const shown = Promise.withResolvers<DevicePrompt>();
    const signingIn = client.signInDevice({ onPrompt: shown.resolve, signal: controller.signal });
    const outcome = expect(signingIn).rejects.toBe('enough');
    await shown.promise;
    await until(() => vi.getTimerCount() === 1);
    await vi.advanceTimersByTimeAsync(5_000);
    await until(() => sent !== undefined);
    expect(sent?.aborted).toBe(false);
    controller.abort('enough');
    await outcome;
    expect(sent?.aborted).toBe(true);
  });

  test('a signal that is over sends nothing', async () => {
    const { client, server } = await start();
    const signal = AbortSignal.abort('late');
    await expect(client.signInDevice({ onPrompt() {}, signal })).rejects.toBe('late');
    expect(server.calls).toEqual([]);
  });
});

describe('signInLoopback', () => {
  const redirectUri = 'http://127.0.0.1/callback';

  /** A program at a server whose user comes back at once, and what its `open` was given. */
  async function start(tampering: Tampering = {}, options: Partial<OidcClientOptions> = {}) {
    const server = await createOidcServer(tampering);
    const { client, storage } = createApp(server, { redirectUri, ...options });
    const opened: string[] = [];
    return {
      ...{ server, client, storage, opened },
      open: async (url: string) => {
        opened.push(url);
        await fetch(server.login(url));
      },
      asked: () => Object.fromEntries(new URL(`${opened.at(-1)}`).searchParams),
    };
  }

  test('RFC 8252 §7.3: brings the user to the login page and back to a port of this machine', async () => {
    const { client, server, open, asked, storage } = await start({}, { resource: 'urn:api' });
    expect(await client.signInLoopback({ open, prompt: 'consent' })).toMatchObject({
      tokens: { access_token: 'access-1', refresh_token: 'refresh-1', token_type: 'Bearer' },
      claims: { sub: 'alice' },
      returnTo: undefined,
    });
    expect(asked()).toMatchObject({
      client_id: 'spa',
      response_type: 'code',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      scope: 'openid',
      prompt: 'consent',
      resource: 'urn:api',
      state: expect.stringMatching(/^[\w-]{43}\./),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(server.to('/token')[0]?.form).toMatchObject({
      redirect_uri: asked()['redirect_uri'],
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      resource: 'urn:api',
    });
    expect(Object.keys(storage), 'in memory alone').toEqual([]);
    await expect(fetch(`${asked()['redirect_uri']}`), 'closed').rejects.toThrow();
  });

  test.runIf(__DEVELOPMENT__)('R73: tells tools of both requests', async () => {
    const told = hearSteps();
    const { client, open } = await start();
    await client.signInLoopback({ open });
    expect(told).toEqual(stepA);
  });

  test('R37: what a page put on Object.prototype is nobody’s option, or path', async () => {
    const { client, open, asked } = await start();
    const result = await polluted(foreign, () => client.signInLoopback({ open }));
    expect(result).toMatchObject({ claims: { sub: 'alice' }, returnTo: undefined });
    expect(Object.values(asked())).not.toContain('p');
  });

  test('two at once do not disturb each other', async () => {
    const { client, open } = await start();
    const results = await Promise.all([client.signInLoopback({ open }), client.signInLoopback({ open })]);
    expect(results.map(({ tokens }) => tokens.access_token).sort()).toEqual(['access-1', 'access-2']);
  });

  test('a foreign callback neither ends nor wins it', async () => {
    const { client, server } = await start();
    const open = async (url: string) => {
      const back = new URL(server.login(url));
      const foreign = new URL(back);
      foreign.searchParams.set('state', 'made-up');
      foreign.searchParams.set('code', 'evil');
      expect((await fetch(foreign)).status).toBe(404);
      await fetch(back);
    };
    expect(await client.signInLoopback({ open })).toMatchObject({ claims: { sub: 'alice' } });
    expect(server.to('/token').map(({ form }) => form['code'])).toEqual(['code-0']);
  });

  test.for([
    ['another issuer (RFC 9207)', { iss: 'https://evil.test' }, { code: 'invalid-callback' }],
    ['no issuer where the server names itself', { iss: undefined }, { code: 'invalid-callback' }],
    [
      'a refusal',
      { code: undefined, error: 'access_denied' },
      { code: 'authorization-refused', error: 'access_denied' },
    ],
  ] as [string, Record<string, string | undefined>, object][])(
    'a callback with %s ends it, and no code is sent',
    async ([, callback, expected]) => {
      const { client, server, open } = await start({ callback });
      expect(await failureOf(client.signInLoopback({ open }))).toMatchObject(expected);
      expect(server.to('/token')).toEqual([]);
    },
  );

  test.for([
    ['of a key that is not the server’s', { isForged: true }],
    ['with another nonce', { claims: { nonce: 'other' } }],
  ] as [string, Tampering][])('an ID token %s is refused', async ([, tampering]) => {
    const { client, open } = await start(tampering);
    expect(await failureOf(client.signInLoopback({ open }))).toMatchObject({ code: 'invalid-id-token' });
  });

  test('R70: an `open` that throws or rejects ends it; of its error the name is told', async () => {
    const { client } = await start();
    const open = () => Promise.reject(new RangeError('secret'));
    expect(await failureOf(client.signInLoopback({ open }))).toMatchObject({
      code: 'prompt-failed',
      message: 'prompt failed: RangeError',
    });
  });

  test('who does not come back in time has to begin again', async () => {
    const { client } = await start();
    let url = '';
    const open = (given: string) => {
      url = given;
    };
    expect(await failureOf(client.signInLoopback({ open, timeout: 1 }))).toMatchObject({
      code: 'callback-timeout',
    });
    if (url) await expect(fetch(`${new URL(url).searchParams.get('redirect_uri')}`)).rejects.toThrow();
  });

  test('who has come back in time is signed in, however long the server takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<never>();
    const answer = () => {
      asked.resolve();
      return answered.promise;
    };
    const { client, server } = await start({ answer });
    const signingIn = client.signInLoopback({ open: (url) => fetch(server.login(url)), timeout: 60_000 });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(60_001);
    answered.resolve(undefined as never);
    expect((await signingIn).claims).toMatchObject({ sub: 'alice' });
  });

  test.for([
    ['/.well-known/openid-configuration', {}],
    ['/par', { require_pushed_authorization_requests: true }],
    ['/token', {}],
    ['/jwks', {}],
  ] as const)('R33: its signal ends the request to %s, too', async ([path, metadata]) => {
    const { client, server } = await start({ metadata });
    const asked = Promise.withResolvers<AbortSignal | null | undefined>();
    server.answers[path] = ({ init }) => {
      asked.resolve(init?.signal);
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const open = (url: string) => fetch(server.login(url));
    const signingIn = client.signInLoopback({ open, signal: controller.signal });
    const own = await asked.promise;
    expect(own?.aborted).toBe(false);
    controller.abort('enough');
    await expect(signingIn).rejects.toBe('enough');
    expect(own?.aborted).toBe(true);
  });

  test('its signal ends it at once with its reason, and closes the port', async () => {
    const { client } = await start();
    const opened = Promise.withResolvers<string>();
    const controller = new AbortController();
    const signingIn = client.signInLoopback({ open: opened.resolve, signal: controller.signal });
    const back = new URL(await opened.promise).searchParams.get('redirect_uri');
    expect((await fetch(`${back}`)).status).toBe(404);
    controller.abort('enough');
    await expect(signingIn).rejects.toBe('enough');
    await expect(fetch(`${back}`)).rejects.toThrow();
  });

  test.for([
    [{}, 'open is undefined; expected a function'],
    [{ open() {}, timeout: 0 }, 'timeout is 0; expected more than 0 ms'],
    [{ open() {}, timeout: 'soon' }, 'timeout is "soon"; expected more than 0 ms'],
    [{ open() {}, timeout: Number.NaN }, 'timeout is NaN; expected more than 0 ms'],
    [{ open() {}, timeout: 5_000n }, 'timeout is 5000; expected more than 0 ms'],
    [{ open() {}, signal: {} }, 'signal is {}; expected an AbortSignal'],
  ] as const)('a TypeError says “$1” before anything is sent', async ([options, message]) => {
    const { client, server } = await start();
    await expect(client.signInLoopback(options as never)).rejects.toThrow(
      new TypeError(`evertoken: ${message}`),
    );
    expect(server.calls).toEqual([]);
  });

  test('a redirect URI of a page is a TypeError before anything is sent', async () => {
    const { client, server, open } = await start({}, { redirectUri: 'https://app.example.com/callback' });
    await expect(client.signInLoopback({ open })).rejects.toThrow(/^evertoken: redirectUri is "https:/);
    expect(server.calls).toEqual([]);
  });
});
