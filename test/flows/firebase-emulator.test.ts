/** Against the real Firebase Auth emulator, in real time: its tokens tell their age in whole seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager, type TokenManager } from 'evertoken';
import { identityToolkit, returnSecureToken } from 'evertoken/firebase';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { API_KEY, type AuthEmulator, startAuthEmulator, startRevokingApi } from '../support/auth-emulator.ts';
import { createHeldFetch } from '../support/held-fetch.ts';
import { follow, record, short } from '../support/recorder.ts';

const program = inject('firebaseTools');
const suite = program ? describe : describe.skip;
const name = program
  ? 'the Firebase Auth emulator'
  : 'firebase-tools is not installed (EVERTOKEN_FIREBASE=required installs it)';

suite(name, () => {
  let emulator: AuthEmulator;
  let api: Awaited<ReturnType<typeof startRevokingApi>>;
  const managers: TokenManager[] = [];
  let users = 0;

  beforeAll(async () => {
    emulator = await startAuthEmulator(program);
    api = await startRevokingApi(emulator);
  });
  afterEach(() => {
    for (const manager of managers.splice(0)) manager.close();
  });
  afterAll(async () => {
    await api?.close();
    await emulator?.end();
  });

  /** A manager, and whatever it sends to the API with a token that is not the one it holds. */
  function createStage() {
    const { fetch, hold } = createHeldFetch();
    const outdated: string[] = [];
    const sent = { api: 0, refreshes: 0 };
    const auth = createTokenManager({
      ...identityToolkit({ apiKey: API_KEY, emulatorOrigin: emulator.origin }),
      allow: api.url,
      fetch: async (input, init) => {
        const url = `${input}`;
        const carried = new Headers(init?.headers).get('authorization');
        if (url.includes('securetoken')) sent.refreshes++;
        if (url.startsWith(api.url)) {
          sent.api++;
          if (carried !== `Bearer ${auth.tokens?.accessToken}`) outdated.push(url);
        } else if (carried) outdated.push(url);
        return fetch(input, init);
      },
    });
    managers.push(auth);
    /** As an app calls Identity Toolkit. */
    const call = (path: string, body: object) =>
      auth.fetch(
        emulator.url(path),
        returnSecureToken({
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    const credentials = { email: `user-${++users}@example.com`, password: 'the first password' };
    return { auth, hold, outdated, sent, call, credentials, told: record(auth) };
  }

  /** Signed up, and long enough ago that a new password makes the tokens stale. */
  async function createSignedIn() {
    const stage = createStage();
    await stage.call('v1/accounts:signUp', stage.credentials);
    await sleep(1_100);
    return stage;
  }

  test('R40, R41: a sign-up begins a session, its request goes out untouched, and the API takes the ID token', async () => {
    const { auth, call, credentials, outdated, told } = createStage();
    const response = await call('v1/accounts:signUp', credentials);
    const answer = (await response.json()) as { idToken: string; refreshToken: string };
    expect(auth.tokens).toMatchObject({ accessToken: answer.idToken, refreshToken: answer.refreshToken });
    expect((auth.tokens?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(3_590_000);
    expect((await auth.fetch(`${api.url}/me`)).status).toBe(200);
    expect(short(told)).toEqual(['signed-in captured']);
    expect(outdated).toEqual([]);
  });

  test.each<[path: string, body: (credentials: { email: string; password: string }) => object]>([
    ['v1/accounts:signInWithPassword', (credentials) => credentials],
    ['v1/accounts:signInWithCustomToken', ({ email }) => ({ token: JSON.stringify({ uid: email }) })],
    [
      'v1/accounts:signInWithIdp',
      ({ email }) => ({
        requestUri: 'http://localhost',
        returnIdpCredential: true,
        // Another address: for one that has a password it asks the user first, and answers no tokens.
        postBody: `providerId=google.com&id_token=${JSON.stringify({ sub: email, email: `idp-${email}` })}`,
      }),
    ],
  ])('R41: %s begins a new session', async (path, body) => {
    const { auth, call, credentials, told } = createStage();
    await call('v1/accounts:signUp', credentials);
    const { sessionId } = auth;
    const response = await call(path, body(credentials));
    expect(response.status).toBe(200);
    expect(auth.sessionId).not.toBe(sessionId);
    expect(auth.tokens?.accessToken).toBe(((await response.json()) as { idToken: string }).idToken);
    expect(short(told)).toEqual(['signed-in captured', 'signed-out replaced', 'signed-in captured']);
  });

  test('R40: a wrong password changes nothing', async () => {
    const { auth, call, credentials, told } = createStage();
    await call('v1/accounts:signUp', credentials);
    const { tokens } = auth;
    const wrong = { ...credentials, password: 'wrong' };
    expect((await call('v1/accounts:signInWithPassword', wrong)).status).toBe(400);
    expect(auth.tokens).toBe(tokens);
    expect(short(told)).toEqual(['signed-in captured']);
  });

  test.each([
    ['password', { password: 'the second password' }],
    ['e-mail', { email: 'renamed@example.com' }],
  ])(
    'R41: a new %s brings new tokens to the same session; those before are refused',
    async (_what, change) => {
      const { auth, call, told } = await createSignedIn();
      const { sessionId, tokens } = auth;
      const response = await call('v1/accounts:update', { idToken: await auth.getAccessToken(), ...change });
      expect(response.status).toBe(200);
      expect(auth.sessionId).toBe(sessionId);
      expect(auth.tokens?.accessToken).not.toBe(tokens?.accessToken);
      expect((await auth.fetch(`${api.url}/me`)).status).toBe(200);
      const lookup = await emulator.post('v1/accounts:lookup', { idToken: tokens?.accessToken });
      expect(lookup).toMatchObject({ status: 400, body: { error: { message: 'TOKEN_EXPIRED' } } });
      expect(short(told)).toEqual(['signed-in captured', 'token-refreshed captured']);
    },
  );

  test('R36: a refresh brings an ID token that the API takes', async () => {
    const { auth } = await createSignedIn();
    const { accessToken: before } = auth.tokens ?? {};
    const { accessToken, idToken, expiresAt } = await auth.refresh();
    expect(accessToken).not.toBe(before);
    expect(idToken).toBe(accessToken);
    expect((expiresAt ?? 0) - Date.now()).toBeGreaterThan(3_590_000);
    expect((await auth.fetch(`${api.url}/me`)).status).toBe(200);
  });

  test('R35: a user who was disabled is signed out, once', async () => {
    const { auth, told } = await createSignedIn();
    const { sub: localId } = JSON.parse(atob(`${auth.tokens?.accessToken.split('.')[1]}`)) as { sub: string };
    await emulator.post('v1/accounts:update', { localId, disableUser: true }, true);
    const cause = { message: 'securetoken.googleapis.com answered 400 USER_DISABLED' };
    const ended = { status: 'rejected', reason: { code: 'session-ended', cause } };
    expect(await Promise.allSettled([auth.refresh(), auth.refresh()])).toMatchObject([ended, ended]);
    expect(short(told)).toEqual(['signed-in captured', 'signed-out ended']);
  });

  test('R35: so is a user who was deleted', async () => {
    const { auth, call, told } = await createSignedIn();
    const idToken = await auth.getAccessToken();
    expect((await call('v1/accounts:delete', { idToken })).status).toBe(200);
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
    expect(short(told)).toEqual(['signed-in captured', 'signed-out ended']);
  });

  describe('a new password, while 50 requests and one refresh are on the way', () => {
    const COUNT = 50;
    type Arrival = 'change' | 'refresh' | 'refusals';
    const orders: Arrival[][] = [
      ['change', 'refresh', 'refusals'],
      ['change', 'refusals', 'refresh'],
      ['refresh', 'change', 'refusals'],
      ['refusals', 'change', 'refresh'],
      ['refresh', 'refusals', 'change'],
      ['refusals', 'refresh', 'change'],
    ];

    /** All on the way; each arrival is let go and seen through. */
    async function depart(isRefreshStale: boolean) {
      const stage = await createSignedIn();
      const { auth, call, hold, sent } = stage;
      const { refused } = api.stats;
      const holds = {
        refusals: hold('request', new RegExp(`^${api.url}`)),
        refresh: hold('answer', /securetoken/),
        change: hold('answer', /accounts:update/),
      };
      const idToken = await auth.getAccessToken();
      const requests = Array.from({ length: COUNT }, (_, number) => auth.fetch(`${api.url}/${number}`));
      await expect.poll(() => holds.refusals.count).toBe(COUNT);
      const sendRefresh = async () => {
        const refresh = follow(auth.refresh());
        await expect.poll(() => holds.refresh.count).toBe(1);
        return refresh;
      };
      const early = isRefreshStale && (await sendRefresh());
      // A token of the same second would not be stale.
      await sleep(1_100);
      const change = call('v1/accounts:update', { idToken, password: 'the second password' });
      await expect.poll(() => holds.change.count).toBe(1);
      const refresh = early || (await sendRefresh());
      const arrivals: Record<Arrival, () => Promise<unknown>> = {
        change: () => change,
        refresh: () => expect.poll(() => refresh.state).toBe('resolved'),
        refusals: () => expect.poll(() => api.stats.refused - refused).toBeGreaterThanOrEqual(COUNT),
      };
      const arrive = async (what: Arrival) => {
        holds[what].release();
        await arrivals[what]();
      };
      return { ...stage, arrive, requests, change, refresh, sent };
    }

    test.each(
      [true, false].flatMap((isRefreshStale) =>
        orders.map((order) => ({
          order,
          isRefreshStale,
          when: isRefreshStale ? 'before' : 'after',
        })),
      ),
    )(
      'R22, R42: the refresh judged $when the change; arriving are $order',
      async ({ order, isRefreshStale }) => {
        const { auth, arrive, requests, change, refresh, outdated, sent, told } =
          await depart(isRefreshStale);
        const { sessionId } = auth;
        for (const what of order) await arrive(what);

        const { idToken } = (await (await change).json()) as { idToken: string };
        expect(auth.tokens?.accessToken).toBe(idToken);
        expect(auth.sessionId).toBe(sessionId);
        const statuses = (await Promise.all(requests)).map(({ status }) => status);
        // Who was sent once more with what the refresh had brought from before the change was refused again: the
        // second answer is the caller's (R21).
        const expected = isRefreshStale && order.at(-1) === 'change' ? [200, 401] : [200];
        expect(statuses.filter((status) => !expected.includes(status))).toEqual([]);
        expect(sent).toEqual({ api: COUNT * 2, refreshes: 1 });
        expect(refresh.state).toBe('resolved');

        expect((await auth.fetch(`${api.url}/after`)).status).toBe(200);
        // The old token is never used after a new one was committed.
        expect(outdated).toEqual([]);
        const events = short(told);
        expect(events[0]).toBe('signed-in captured');
        expect(events.at(-1)).toBe('token-refreshed captured');
        expect(events.filter((event) => /signed-out|failed/.test(event))).toEqual([]);
      },
    );
  });
});
