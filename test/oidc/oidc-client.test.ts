/** Signing in and out, as an app does it. */
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createOidcClient } from '../../src/oidc/oidc-client.ts';
import {
  APP,
  CALLBACK,
  createApp,
  createOidcServer,
  createWebStorage,
  failureOf,
  ISSUER,
  stubAddressBar,
} from '../support/oidc-server.ts';
import { hearSteps } from '../support/steps.ts';

test.runIf(__DEVELOPMENT__)(
  'R73: a sign-in tells tools when it asks for a login, and that its code was exchanged',
  async () => {
    const told = hearSteps();
    await createApp(await createOidcServer()).signIn();
    expect(told).toEqual([
      ['login', { url: ISSUER }],
      ['code', { url: ISSUER }],
    ]);
  },
);

describe('signInRedirect', () => {
  test('asks for a code with PKCE, state and nonce', async () => {
    const { client, asked } = createApp(await createOidcServer(), { scope: 'openid offline_access' });
    await client.signInRedirect();
    const random = expect.stringMatching(/^[\w-]{43}$/);
    expect(asked()).toEqual({
      client_id: 'spa',
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid offline_access',
      state: expect.stringMatching(/^[\w-]{43}\./),
      nonce: random,
      code_challenge: random,
      code_challenge_method: 'S256',
    });
    const first = asked();
    await client.signInRedirect();
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked()[name]).not.toBe(first[name]);
  });

  test('asks as it is told to; the parameters that keep it safe are not to be replaced', async () => {
    const { client, asked } = createApp(await createOidcServer(), {
      parameters: { audience: 'api', ui_locales: 'de', state: 'mine', code_challenge_method: 'plain' },
    });
    await client.signInRedirect({
      acrValues: 'gold silver',
      maxAge: 300,
      loginHint: 'alice@example.com',
      prompt: 'login',
      parameters: { ui_locales: 'en', redirect_uri: 'https://evil.test' },
    });
    expect(asked()).toMatchObject({
      audience: 'api',
      ui_locales: 'en',
      acr_values: 'gold silver',
      max_age: '300',
      login_hint: 'alice@example.com',
      prompt: 'login',
      redirect_uri: CALLBACK,
      code_challenge_method: 'S256',
    });
    expect(asked()['state']).not.toBe('mine');
  });

  test('takes the challenge of step-up-required as it is (RFC 9470)', async () => {
    const { client, asked } = createApp(await createOidcServer());
    const parameters = { error: 'x', acr_values: 'gold', max_age: '0', scope: 'write' };
    await client.signInRedirect({ challenge: { scheme: 'Bearer', parameters } });
    expect(asked()).toMatchObject({ acr_values: 'gold', max_age: '0', scope: 'openid write' });
    expect(asked()).not.toHaveProperty('error');
  });

  test('may be a click’s listener: an event asks for nothing', async () => {
    const { client, asked } = createApp(await createOidcServer());
    await client.signInRedirect(new Event('click') as never);
    expect(Object.keys(asked())).toHaveLength(8);
  });

  test('R70: what `navigate` throws is named and nothing more: it may quote the URL, and an ID token in it', async () => {
    const navigate = (url: string) => Promise.reject(Object.assign(new Error(url), { url }));
    const { client } = createApp(await createOidcServer(), { navigate });
    const error = await failureOf(client.signOutRedirect({ idTokenHint: 'secret' }));
    expect(error).toMatchObject({ code: 'navigation-failed', message: 'navigation failed: Error' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  test('leaves the page by location.assign, unless there is another way', async () => {
    const { location } = stubAddressBar(APP);
    const server = await createOidcServer();
    const { fetch } = server;
    const client = createOidcClient({
      issuer: ISSUER,
      clientId: 'spa',
      redirectUri: CALLBACK,
      fetch,
      storage: createWebStorage(),
    });
    await client.signInRedirect();
    expect(location.assign).toHaveBeenCalledWith(expect.stringContaining(`${ISSUER}/auth?`));
  });
});

describe('returnTo', () => {
  test.for([
    ['/settings?tab=2#top', '/settings?tab=2#top'],
    [`${APP}/settings`, '/settings'],
    ['?tab=2', '/callback?tab=2'],
    ['', undefined],
  ] as const)('%s comes back with the tokens as a path of the app', async ([returnTo, expected]) => {
    const { signIn } = createApp(await createOidcServer());
    expect((await signIn({ returnTo }))?.returnTo ?? undefined).toBe(expected || ('' as unknown));
  });

  test.for([
    'https://evil.test/',
    '//evil.test',
    '/\\evil.test',
    '/.//evil.test',
    'javascript:alert(1)',
    'data:text/html,x',
    `${APP}.evil.test/`,
    `${APP}:8443/`,
    `${APP}@evil.test/`,
    `https://evil.test/${APP}/`,
    'http://app.example.com/',
    'https://',
    '/\t/evil.test',
    'blob:https://app.example.com/x',
  ])('that leads elsewhere is refused before anybody is sent anywhere: %s', async (returnTo) => {
    const { client, left } = createApp(await createOidcServer());
    expect(await failureOf(client.signInRedirect({ returnTo }))).toMatchObject({ code: 'unsafe-return-to' });
    expect(left).toEqual([]);
  });
});

describe('handleRedirect', () => {
  test('answers undefined when the URL is no callback, in a page and outside', async () => {
    const { client } = createApp(await createOidcServer());
    expect(await client.handleRedirect()).toBeUndefined();
    stubAddressBar(`${CALLBACK}?code=promo`);
    expect(await client.handleRedirect()).toBeUndefined();
  });

  test('answers the tokens, whom they are of, and where to go', async () => {
    const { signIn } = createApp(await createOidcServer());
    expect(await signIn({ returnTo: '/x' })).toMatchObject({
      tokens: { access_token: 'access-1', refresh_token: 'refresh-1', token_type: 'Bearer', expires_in: 300 },
      claims: { sub: 'alice' },
      returnTo: '/x',
    });
  });

  test.for(['query', 'fragment'] as const)('takes the %s out of the address bar at once', async (mode) => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    const page = stubAddressBar(`${server.login(`${left[0]}`, mode)}`);
    const result = client.handleRedirect();
    expect(page.location.href).toBe(CALLBACK);
    expect(await result).toMatchObject({ tokens: { access_token: 'access-1' } });
    expect(page.history.replaceState).toHaveBeenCalledOnce();
  });

  test('a second call while the first is under way gets the same tokens, with one request (StrictMode)', async () => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    stubAddressBar(server.login(`${left[0]}`));
    const [first, second] = await Promise.all([client.handleRedirect(), client.handleRedirect()]);
    expect(first).toBe(second);
    expect(server.to('/token')).toHaveLength(1);
    expect(await client.handleRedirect(), 'the address bar is clean').toBeUndefined();
  });

  test('outside a page, where nothing is said to be the callback, nobody gets the tokens of another', async () => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    const result = client.handleRedirect(server.login(`${left[0]}`));
    expect(await client.handleRedirect()).toBeUndefined();
    expect(await client.handleRedirect(CALLBACK)).toBeUndefined();
    expect(await result).toBeDefined();
  });

  test('who presses back meets a clear error, and no second request', async () => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    const callback = server.login(`${left[0]}`);
    await client.handleRedirect(callback);
    expect(await failureOf(client.handleRedirect(callback))).toMatchObject({ code: 'callback-used' });
    expect(server.to('/token')).toHaveLength(1);
  });

  test('a state of somebody else’s making is refused, and its code never sent (login CSRF)', async () => {
    const server = await createOidcServer();
    const [attacker, victim] = [createApp(server), createApp(server)];
    await attacker.client.signInRedirect();
    await victim.client.signInRedirect();
    const forged = server.login(`${attacker.left[0]}`);
    expect(await failureOf(victim.client.handleRedirect(forged))).toMatchObject({ code: 'unknown-state' });
    expect(server.to('/token')).toEqual([]);
    expect(await victim.client.handleRedirect(server.login(`${victim.left[0]}`))).toBeDefined();
  });

  test('a state given twice is refused', async () => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    const callback = `${server.login(`${left[0]}`)}&state=other`;
    expect(await failureOf(client.handleRedirect(callback))).toMatchObject({ code: 'invalid-callback' });
  });

  test('says why the server signed nobody in', async () => {
    const callback = { code: undefined, error: 'access_denied', error_description: 'The user said no' };
    const { signIn } = createApp(await createOidcServer({ callback }));
    expect(await failureOf(signIn())).toMatchObject({
      code: 'authorization-refused',
      error: 'access_denied',
      message: expect.stringContaining('The user said no'),
    });
  });

  test('RFC 6749 §3.1: a code that stands there twice is refused, and none of the two is sent', async () => {
    const server = await createOidcServer();
    const { client, left } = createApp(server);
    await client.signInRedirect();
    const callback = `${server.login(`${left[0]}`)}&code=another`;
    expect(await failureOf(client.handleRedirect(callback))).toMatchObject({
      code: 'invalid-callback',
      message: 'invalid callback: "code" parameter must be provided only once',
    });
    expect(server.to('/token')).toEqual([]);
  });

  test('sign-ins in several tabs that share a storage do not disturb each other', async () => {
    const server = await createOidcServer();
    const storage = createWebStorage();
    const tabs = [1, 2, 3].map(() => createApp(server, { storage }));
    await Promise.all(tabs.map(({ client }, tab) => client.signInRedirect({ returnTo: `/${tab}` })));
    const callbacks = tabs.map(({ left }) => server.login(`${left[0]}`));
    // Each comes back in another tab than it began in.
    const results = await Promise.all(
      tabs.map(({ client }, tab) => client.handleRedirect(callbacks[(tab + 1) % 3])),
    );
    expect(results.map((result) => result?.returnTo)).toEqual(['/1', '/2', '/0']);
  });
});

describe('signInPopup', () => {
  function stubWindows() {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const popup = { closed: false, location: { href: '' }, close: vi.fn() };
    const open = vi.fn(() => popup);
    vi.stubGlobal('open', open);
    vi.stubGlobal('close', vi.fn());
    vi.stubGlobal('document', { hasFocus: () => true });
    return { popup, open };
  }

  test('opens the window in the click, and answers what the callback page in it was told', async () => {
    const { popup, open } = stubWindows();
    const server = await createOidcServer();
    const { client } = createApp(server);
    const signingIn = client.signInPopup({ returnTo: '/x' });
    expect(open, 'before anything is awaited').toHaveBeenCalledOnce();
    await vi.waitFor(() => expect(popup.location.href).toContain('/auth?'));
    const inPopup = createApp(server);
    inPopup.client.handleRedirect(server.login(popup.location.href)).catch(() => {});
    const seen = vi.fn();
    signingIn.then(seen);
    await vi.waitFor(() => expect(seen).toHaveBeenCalled());
    expect(await signingIn).toMatchObject({ tokens: { access_token: 'access-1' }, returnTo: '/x' });
    expect(server.to('/token')).toHaveLength(1);
    expect(popup.close).toHaveBeenCalled();
    await vi.waitFor(() => expect(close).toHaveBeenCalled());
  });

  test('closes the window when there is nothing to show in it', async () => {
    const { popup } = stubWindows();
    const { client } = createApp(await createOidcServer({ metadata: { authorization_endpoint: undefined } }));
    expect(await failureOf(client.signInPopup())).toMatchObject({ code: 'server-metadata' });
    expect(popup.close).toHaveBeenCalledOnce();
  });

  test('says that the browser opened none, and that the user closed it', async () => {
    const { popup, open } = stubWindows();
    const { client } = createApp(await createOidcServer());
    open.mockReturnValueOnce(null as never);
    expect(await failureOf(client.signInPopup())).toMatchObject({ code: 'popup-blocked' });
    popup.closed = true;
    const seen = vi.fn();
    client.signInPopup().catch(({ code }) => seen(code));
    await vi.waitFor(() => expect(seen).toHaveBeenCalledWith('popup-closed'), { timeout: 30_000 });
  }, 60_000);
});
