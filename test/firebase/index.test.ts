/** What an app sees of `evertoken/firebase`: sessions at a server that answers as Google's do. */
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { identityToolkit, returnSecureToken } from 'evertoken/firebase';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';
import { follow, record, short } from '../support/recorder.ts';
import { API, deferred } from '../support/world.ts';

const TOOLKIT = 'https://identitytoolkit.googleapis.com';
const UPDATE = `${TOOLKIT}/v1/accounts:update`;
const tick = () => vi.advanceTimersByTimeAsync(0);

/** In camelCase from Identity Toolkit, in snake_case from the token service. */
const tokens = (name: string) => ({
  idToken: `id-${name}`,
  refreshToken: `refresh-${name}`,
  expiresIn: '3600',
});
const refreshed = (name: string) =>
  Response.json({
    access_token: `id-${name}`,
    id_token: `id-${name}`,
    refresh_token: `refresh-${name}`,
    expires_in: '3600',
    token_type: 'Bearer',
    user_id: 'someone',
  });
const expired = () => Response.json({ error: { code: 400, message: 'TOKEN_EXPIRED' } }, { status: 400 });

/** Google, and an API that takes one ID token and refuses all others. */
function createStage(options: Partial<TokenManagerOptions> = {}) {
  const state = {
    good: 'id-0',
    toolkit: (): Response | Promise<Response> => Response.json(tokens('changed')),
    refresh: (): Response | Promise<Response> => refreshed('1'),
  };
  const sent: { url: string; authorization: string | null; body: string }[] = [];
  const auth = createTokenManager({
    ...identityToolkit({ apiKey: 'the-key' }),
    allow: API,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { url, headers } = request;
      const authorization = headers.get('authorization');
      sent.push({ url, authorization, body: await request.text() });
      if (url.startsWith(TOOLKIT)) return state.toolkit();
      if (url.startsWith('https://securetoken')) return state.refresh();
      return new Response(null, { status: authorization === `Bearer ${state.good}` ? 200 : 401 });
    },
    ...options,
  });
  const post = (url: string, body: object) =>
    auth.fetch(`${url}?key=the-key`, returnSecureToken({ method: 'POST', body: JSON.stringify(body) }));
  return { auth, state, sent, post, told: record(auth) };
}

async function createSignedIn() {
  const stage = createStage();
  await stage.auth.signIn(tokens('0'));
  stage.told.length = 0;
  return stage;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('sign-in', () => {
  test.each([
    'v1/accounts:signUp',
    'v1/accounts:signInWithPassword',
    'v1/accounts:signInWithCustomToken',
    'v1/accounts:signInWithIdp',
    'v1/accounts:signInWithEmailLink',
    'v1/accounts:signInWithPhoneNumber',
    'v2/accounts/mfaSignIn:finalize',
  ])('R41: %s begins a session, and over another one a new one', async (path) => {
    const { auth, post, sent, told } = createStage();
    await post(`${TOOLKIT}/${path}`, { email: 'a@example.com' });
    const { sessionId } = auth;
    expect(auth.tokens).toMatchObject({ accessToken: 'id-changed', refreshToken: 'refresh-changed' });
    await post(`${TOOLKIT}/${path}`, {});
    expect(auth.sessionId).not.toBe(sessionId);
    expect(short(told)).toEqual(['signed-in captured', 'signed-out replaced', 'signed-in captured']);
    expect(sent.map(({ authorization }) => authorization)).toEqual([null, null]);
    expect(JSON.parse(`${sent[0]?.body}`)).toEqual({ email: 'a@example.com', returnSecureToken: true });
  });

  test('R40: a sign-in that asks for a second factor, and brings no tokens, begins nothing', async () => {
    const { auth, post, state } = createStage();
    state.toolkit = () => Response.json({ mfaPendingCredential: 'pending', mfaInfo: [] });
    await post(`${TOOLKIT}/v1/accounts:signInWithPassword`, {});
    expect(auth.tokens).toBeUndefined();
  });

  test('R40: what reads only, and what only resembles it, is not read', async () => {
    const { auth, post } = createStage();
    await post(`${TOOLKIT}/v1/accounts:lookup`, {});
    await post(`${TOOLKIT}/v1/accounts:signUpAndMore`, {});
    await post(`${TOOLKIT}.evil.test/v1/accounts:signUp`, {});
    await auth.fetch(`${TOOLKIT}/v1/accounts:signUp`);
    expect(auth.tokens).toBeUndefined();
  });
});

describe('a change of credentials', () => {
  test.each([
    'v1/accounts:update',
    'v2/accounts/mfaEnrollment:finalize',
    'v2/accounts/mfaEnrollment:withdraw',
  ])('R41: %s brings new tokens to the same session; signed out it brings none', async (path) => {
    const { auth, post, told } = await createSignedIn();
    const { sessionId } = auth;
    await post(`${TOOLKIT}/${path}`, { idToken: 'id-0', password: 'new' });
    expect(auth.tokens).toMatchObject({ accessToken: 'id-changed', refreshToken: 'refresh-changed' });
    expect(auth.sessionId).toBe(sessionId);
    expect(short(told)).toEqual(['token-refreshed captured']);
    await auth.signOut();
    await post(`${TOOLKIT}/${path}`, {});
    expect(auth.tokens).toBeUndefined();
  });

  test('a change that brings no tokens, such as of the display name, changes none', async () => {
    const { auth, post, state } = await createSignedIn();
    state.toolkit = () => Response.json({ localId: 'someone', displayName: 'N' });
    await post(UPDATE, { idToken: 'id-0', displayName: 'N' });
    expect(auth.tokens?.accessToken).toBe('id-0');
  });

  test('R42, R35: TOKEN_EXPIRED for a refresh on the wire does not end the session while the answer is on its way', async () => {
    const { auth, post, state, told } = await createSignedIn();
    const answer = deferred<Response>();
    state.toolkit = () => answer.promise;
    state.refresh = expired;
    const change = post(UPDATE, { idToken: 'id-0', password: 'new' });
    const refresh = follow(auth.refresh());
    const requests = Array.from({ length: 50 }, (_, number) => {
      state.good = 'id-changed';
      return auth.fetch(`${API}/${number}`);
    });
    await vi.advanceTimersByTimeAsync(3_000);
    answer.resolve(Response.json(tokens('changed')));
    await change;
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(refresh).toMatchObject({ state: 'resolved', value: { accessToken: 'id-changed' } });
    expect(short(told)).toEqual(['token-refreshed captured']);
  });

  test('R35: without returnSecureToken the tokens are dead, and the next refresh says so', async () => {
    const { auth, state, told } = await createSignedIn();
    state.toolkit = () => Response.json({ localId: 'someone' });
    await auth.fetch(UPDATE, { method: 'POST', body: '{}' });
    state.good = 'none';
    state.refresh = expired;
    await expect(auth.fetch(`${API}/me`)).rejects.toMatchObject({ code: 'session-ended' });
    expect(short(told)).toEqual(['signed-out ended']);
  });
});

describe('refresh', () => {
  test('R22, R36: one refresh for all, with the ID token as access token', async () => {
    const { auth, sent, state, told } = await createSignedIn();
    state.good = 'id-1';
    const answers = await Promise.all(Array.from({ length: 20 }, () => auth.fetch(`${API}/me`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(sent.filter(({ url }) => url.startsWith('https://securetoken'))).toHaveLength(1);
    expect(auth.tokens).toMatchObject({ accessToken: 'id-1', idToken: 'id-1', refreshToken: 'refresh-1' });
    expect(short(told)).toEqual(['token-refreshed rejected']);
  });

  test.each([
    [429, '120', 120_000],
    [503, '45', 45_000],
  ])('R35: %i with Retry-After %s ends nothing, and nobody asks again before', async (status, after, ms) => {
    const { auth, sent, state, told } = await createSignedIn();
    state.good = 'id-1';
    state.refresh = () => new Response(null, { status, headers: { 'retry-after': after } });
    const retryAt = Date.now() + ms;
    for (let count = 0; count < 3; count++) {
      await expect(auth.fetch(`${API}/me`)).rejects.toMatchObject({ code: 'refresh-failed', retryAt });
    }
    expect(sent.filter(({ url }) => url.startsWith('https://securetoken'))).toHaveLength(1);
    expect(auth.sessionId).toBeDefined();
    expect(told[0]?.[1]).toMatchObject({
      error: { cause: { message: expect.stringContaining(`${status}`) } },
    });
    state.refresh = () => refreshed('1');
    await vi.advanceTimersByTimeAsync(ms);
    expect((await auth.fetch(`${API}/me`)).status).toBe(200);
    expect(short(told)).toEqual(['refresh-failed', 'token-refreshed rejected']);
  });

  test('R35: a network that is away ends nothing', async () => {
    const { auth, state, told } = await createSignedIn();
    state.refresh = () => Promise.reject(new TypeError('Failed to fetch'));
    await expect(auth.refresh()).rejects.toMatchObject({
      code: 'refresh-failed',
      cause: { message: 'securetoken.googleapis.com could not be reached' },
    });
    expect(auth.tokens?.accessToken).toBe('id-0');
    await tick();
    expect(short(told)).toEqual(['refresh-failed']);
  });
});

describe('docs/firebase.md', () => {
  interface Recipe {
    auth: TokenManager;
    signIn(email: string, password: string): Promise<void>;
    changePassword(password: string): Promise<void>;
  }

  test('R41: its code signs in, and changes the password within the session', async () => {
    const answers = [tokens('0'), tokens('changed')];
    const sent: unknown[] = [];
    vi.stubGlobal('fetch', async (url: string, { body }: RequestInit) => {
      sent.push([url.replace(/^.*accounts:|\?.*/g, ''), JSON.parse(`${body}`)]);
      return Response.json(answers.shift());
    });
    const { auth, signIn, changePassword } = runRecipe<Recipe>('docs/firebase.md', 'Set up');
    const told = record(auth);
    await signIn('a@example.com', 'old');
    await changePassword('new');
    expect(sent).toEqual([
      ['signInWithPassword', { email: 'a@example.com', password: 'old', returnSecureToken: true }],
      ['update', { idToken: 'id-0', password: 'new', returnSecureToken: true }],
    ]);
    expect(auth.tokens).toMatchObject({ accessToken: 'id-changed', refreshToken: 'refresh-changed' });
    expect(short(told)).toEqual(['signed-in captured', 'token-refreshed captured']);
    auth.close();
  });

  test('its code tells what Google refused', async () => {
    vi.stubGlobal('fetch', async () =>
      Response.json({ error: { code: 400, message: 'INVALID_LOGIN_CREDENTIALS' } }, { status: 400 }),
    );
    const { auth, signIn } = runRecipe<Recipe>('docs/firebase.md', 'Set up');
    await expect(signIn('a@example.com', 'wrong')).rejects.toThrow('INVALID_LOGIN_CREDENTIALS');
    expect(auth.tokens).toBeUndefined();
    auth.close();
  });
});
