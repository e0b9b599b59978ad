/** Programs that are no page at a real OpenID Connect server: the device grant (RFC 8628), and a loopback redirect (RFC 8252). */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { createOidcClient, type DevicePrompt, type OidcClientOptions } from 'evertoken/oidc';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { AuthorizationServerOptions } from '../../examples/demo/authorization-server.ts';
import { enterCode, type User } from '../../examples/demo/enter-code.ts';
import { walkThroughPages } from '../../examples/demo/sign-in.ts';
import { fromSource } from '../support/from-source.ts';
import { record, startLoopback } from '../support/loopback.ts';

/** The servers, and a client whose questions, and their answers, are kept. */
async function start(options: AuthorizationServerOptions = {}, own: Partial<OidcClientOptions> = {}) {
  const world = await startLoopback(options);
  const { issuer, clientId, tokenEndpoint } = world.server;
  const answers: string[] = [];
  const client = createOidcClient({
    ...{ issuer, clientId, scope: 'openid offline_access' },
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (`${input}` === tokenEndpoint) answers.push((await response.clone().json()).error ?? 'tokens');
      return response;
    },
    ...own,
  });
  const { refresh, revoke } = client;
  return { ...world, client, answers, auth: world.manager({ refresh, revoke }) };
}

/** The user takes the code to a browser. */
const enter = (user?: User) => (prompt: DevicePrompt) =>
  enterCode(prompt.verificationUriComplete ?? prompt.verificationUri, prompt.userCode, user);

/** The user's browser: the login page, and back to wherever it leads. */
const browser =
  (login?: string, change: (callback: URL) => void = () => {}) =>
  async (url: string) => {
    const back = `${new URL(url).searchParams.get('redirect_uri')}`;
    const callback = await walkThroughPages(new URL(url), back, login);
    change(callback);
    return (await fetch(callback)).text();
  };

describe.concurrent('RFC 8628: a device at a real server', { timeout: 60_000 }, () => {
  test('asks until the user has signed in elsewhere; the tokens work, are refreshed with rotation, and revoked', async () => {
    await using world = await start();
    const { auth, client, server, api, answers } = world;
    const told = record(auth);
    const begun = Date.now();
    let shown: DevicePrompt | undefined;
    const { tokens, claims, returnTo } = await client.signInDevice({
      prompt: 'consent',
      // The user is not there before the server has been asked.
      onPrompt: async (prompt) => {
        shown = prompt;
        await expect.poll(() => answers).toContain('authorization_pending');
        await enter({ login: 'bob' })(prompt);
      },
    });
    expect(shown).toMatchObject({
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verificationUri: `${server.issuer}/device`,
      verificationUriComplete: `${server.issuer}/device?user_code=${shown?.userCode}`,
    });
    expect(shown?.expiresAt).toBeGreaterThanOrEqual(begun + 600_000);
    expect([claims?.['sub'], returnTo]).toEqual(['bob', undefined]);
    expect(answers.at(-1)).toBe('tokens');

    await auth.signIn(tokens);
    expect((await (await auth.fetch(`${api.url}/me`)).json()).sub).toBe('bob');
    const first = auth.tokens;
    world.denyTokenOf(auth);
    expect((await auth.fetch(`${api.url}/me`)).status).toBe(200);
    expect(auth.tokens?.refreshToken).not.toBe(first?.refreshToken);
    expect(told.refreshed.map(({ cause }) => cause)).toEqual(['rejected']);
    const last = `${auth.tokens?.refreshToken}`;
    await auth.signOut();
    const form = { grant_type: 'refresh_token', refresh_token: last };
    expect((await world.post(server.tokenEndpoint, form)).status).toBe(400);
    expect(server.stats.reuse).toBe(0);
  });

  test('who types the code, as without a link, signs in as well', async () => {
    await using world = await start();
    const onPrompt = ({ verificationUri, userCode }: DevicePrompt) => enterCode(verificationUri, userCode);
    expect(await world.client.signInDevice({ onPrompt })).toMatchObject({ claims: { sub: 'alice' } });
  });

  test('RFC 8707: tokens are for the resource that was asked for, also after a refresh', async () => {
    await using world = await start({}, { resource: 'urn:other-api' });
    const { auth, client } = world;
    const { tokens } = await client.signInDevice({ prompt: 'consent', onPrompt: enter() });
    await auth.signIn(tokens);
    expect(decodeJwt(`${auth.tokens?.accessToken}`).aud).toBe('urn:other-api');
    await auth.refresh();
    expect(decodeJwt(`${auth.tokens?.accessToken}`).aud).toBe('urn:other-api');
  });

  test('who asks too often is told to slow down, and does', async () => {
    // The client is told one second, by something between it and a server that wants three.
    await using world = await start(
      { device: { interval: 3 } },
      {
        async fetch(input, init) {
          const response = await fetch(input, init);
          if (!`${input}`.endsWith('/device/auth')) {
            if (`${input}`.endsWith('/token')) told.push([(await response.clone().json()).error, Date.now()]);
            return response;
          }
          return Response.json({ ...(await response.json()), interval: 1 });
        },
      },
    );
    const told: [error: string | undefined, at: number][] = [];
    const isTold = (error: string) => told.some(([one]) => one === error);
    const onPrompt = async (prompt: DevicePrompt) => {
      await expect.poll(() => isTold('slow_down')).toBe(true);
      await enter()(prompt);
    };
    await world.client.signInDevice({ onPrompt });
    const [, slow] = told.findLast(([error]) => error === 'slow_down') ?? [];
    const [error, last] = told.at(-1) ?? [];
    expect(error).toBeUndefined();
    expect(Number(last) - Number(slow), 'a second, and five more').toBeGreaterThan(5_900);
  });

  test('a user who says no is believed', async () => {
    await using world = await start();
    const failure = world.client.signInDevice({ onPrompt: enter({ deny: true }) });
    await expect(failure).rejects.toMatchObject({
      code: 'authorization-refused',
      error: 'access_denied',
      status: 400,
    });
  });

  test('a code that the server finds too old is told, and one that nobody used in time', async () => {
    const short = { device: { lifetime: 2 } };
    await using own = await start(short);
    await expect(own.client.signInDevice({ onPrompt() {} })).rejects.toMatchObject({
      code: 'device-code-expired',
    });
    // As after a sleep, in which the client's timers stood still.
    await using world = await start(short, {
      async fetch(input, init) {
        const response = await fetch(input, init);
        if (!`${input}`.endsWith('/device/auth')) return response;
        return Response.json({ ...(await response.json()), expires_in: 600 });
      },
    });
    await expect(world.client.signInDevice({ onPrompt() {} })).rejects.toMatchObject({
      code: 'device-code-expired',
      error: 'expired_token',
    });
  });

  test('a client that may not is told why', async () => {
    await using world = await start({}, { clientId: 'nobody' });
    await expect(world.client.signInDevice({ onPrompt() {} })).rejects.toMatchObject({
      code: 'authorization-refused',
      error: 'invalid_client',
    });
  });
});

describe.concurrent('RFC 8252 §7.3: a program that opens a browser, at a real server', {
  timeout: 60_000,
}, () => {
  test('gets its user back on any port; the tokens work and are refreshed with rotation', async () => {
    await using world = await start();
    const { auth, client, api } = world;
    const page = Promise.withResolvers<string>();
    const open = (url: string) => browser('bob')(url).then(page.resolve);
    const { tokens, claims } = await client.signInLoopback({ open, prompt: 'consent' });
    expect([claims?.['sub'], await page.promise]).toEqual(['bob', 'You can close this window.']);
    await auth.signIn(tokens);
    const first = auth.tokens?.refreshToken;
    await auth.refresh();
    expect(auth.tokens?.refreshToken).not.toBe(first);
    expect((await (await auth.fetch(`${api.url}/me`)).json()).sub).toBe('bob');
  });

  test('two programs at once get their own users', async () => {
    await using world = await start();
    const logins = ['alice', 'bob'];
    const results = await Promise.all(
      logins.map((login) => world.client.signInLoopback({ open: browser(login) })),
    );
    expect(results.map(({ claims }) => claims?.['sub'])).toEqual(logins);
  });

  test('a user who comes back from elsewhere is not let in (RFC 9207)', async () => {
    await using world = await start();
    const open = browser('alice', ({ searchParams }) => searchParams.set('iss', 'https://evil.test'));
    await expect(world.client.signInLoopback({ open })).rejects.toMatchObject({ code: 'invalid-callback' });
    expect(world.answers).toEqual([]);
  });

  test('a login that is refused is told', async () => {
    await using world = await start();
    const open = browser();
    await expect(world.client.signInLoopback({ open, prompt: 'none' })).rejects.toMatchObject({
      code: 'authorization-refused',
      error: 'login_required',
    });
  });
});

describe.concurrent('R13: a process', { timeout: 60_000 }, () => {
  const entry = JSON.stringify(pathToFileURL('src/oidc/index.ts').href);

  /** Runs a program that has a client; answers what it printed when it ended by itself. */
  const run = (issuer: string, program: string) =>
    new Promise<string>((resolve, reject) => {
      const source = `import { createOidcClient } from ${entry};
        const client = createOidcClient({ issuer: '${issuer}', clientId: 'spa' });
        const outcome = (promise) => promise.then(({ claims }) => claims.sub, (error) => error.code ?? error);
        ${program}`;
      const args = [...fromSource, '--no-warnings', '--input-type=module', '--eval', source];
      execFile(process.execPath, args, { timeout: 50_000 }, (error, stdout, stderr) =>
        error ? reject(new Error(`${error.signal ?? error.code} ${stderr}`)) : resolve(stdout.trim()),
      );
    });

  test('lives as long as its user is awaited, and no longer', async () => {
    await using world = await start({ device: { lifetime: 3 } });
    const program = `console.log(await outcome(client.signInDevice({ onPrompt() {} })));
      console.log(await outcome(client.signInLoopback({ open() {}, timeout: 500 })));`;
    expect(await run(world.server.issuer, program)).toBe('device-code-expired\ncallback-timeout');
  });

  test('ends at once when the sign-in is aborted', async () => {
    await using world = await start();
    const program = `const begin = (method, prompt) => {
        const controller = new AbortController();
        return outcome(client[method]({ [prompt]: () => controller.abort('enough'), signal: controller.signal }));
      };
      console.log(await begin('signInDevice', 'onPrompt'));
      console.log(await begin('signInLoopback', 'open'));`;
    // A timer, or a port, would hold it for minutes.
    expect(await run(world.server.issuer, program)).toBe('enough\nenough');
  });
});
