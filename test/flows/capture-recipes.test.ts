/** The code of docs/capture.md, run as it stands there. */
import type { TokenManager } from 'evertoken';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';
import { record, short } from '../support/recorder.ts';
import { deferred } from '../support/world.ts';

interface Recipe {
  auth: TokenManager;
  signIn?(email: string, password: string): Promise<Response>;
}

const API = 'https://api.example.com';
type Answer = (request: Request) => Response | undefined | Promise<Response | undefined>;

/** The recipe before an API that answers like this; what it does not answer is refused unless the token is `good`. */
function createStage(heading: string, answer: Answer) {
  const state = { good: 'token-0' };
  const sent: { path: string; authorization: string | null; body: string }[] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const authorization = request.headers.get('authorization');
    sent.push({ path: new URL(request.url).pathname, authorization, body: await request.clone().text() });
    const given = await answer(request);
    return given ?? new Response('body', { status: authorization === `Bearer ${state.good}` ? 200 : 401 });
  });
  const { auth, signIn } = runRecipe<Recipe>('docs/capture.md', heading);
  onTestFinished(() => auth.close());
  return { auth, signIn, state, sent, told: record(auth) };
}

afterEach(() => void vi.useRealTimers());

describe('docs/capture.md, from a JSON body', () => {
  const session = { token: 'token-1', refresh: 'refresh-1', ttlSeconds: 300 };
  const backend: Answer = ({ url, method }) => {
    if (url === `${API}/auth/sign-in`)
      return Response.json({ accessToken: 'token-0', refreshToken: 'refresh-0', expiresIn: 300 });
    if (url.startsWith(`${API}/account/`)) return Response.json(method === 'GET' ? {} : { session });
    return undefined;
  };

  test('R41: the sign-in endpoint begins a session', async () => {
    const { auth, signIn, sent, told } = createStage('From a JSON body', backend);
    await signIn?.('a@example.com', 'p');
    expect(sent[0]).toEqual({
      path: '/auth/sign-in',
      authorization: null,
      body: '{"email":"a@example.com","password":"p"}',
    });
    expect((await auth.fetch(`${API}/items`)).status).toBe(200);
    expect(short(told)).toEqual(['signed-in captured']);
  });

  test.each([
    ['PUT', 'password'],
    ['POST', 'email'],
  ])(
    'R40, R41: %s /account/%s brings new tokens to the session, and requests on the way are sent again with them',
    async (method, what) => {
      const refused = deferred();
      const { auth, signIn, state, sent, told } = createStage('From a JSON body', async (request) => {
        if (request.url.endsWith('/items') && request.headers.get('authorization') === 'Bearer token-0')
          await refused.promise;
        return backend(request);
      });
      await signIn?.('a@example.com', 'p');
      const items = auth.fetch(`${API}/items`);
      const response = await auth.fetch(`${API}/account/${what}`, { method });
      state.good = 'token-1';
      refused.resolve();
      expect(await response.json()).toEqual({ session });
      expect(auth.tokens).toMatchObject({ accessToken: 'token-1', refreshToken: 'refresh-1' });
      expect((await items).status).toBe(200);
      expect(sent.map(({ path }) => path)).toEqual(['/auth/sign-in', '/items', `/account/${what}`, '/items']);
      expect(short(told)).toEqual(['signed-in captured', 'token-refreshed captured']);
    },
  );

  test('R40: an answer of that URL without a session, or to another method, changes nothing', async () => {
    const { auth, signIn, told } = createStage('From a JSON body', (request) =>
      request.method === 'PUT' ? Response.json({ error: 'too short' }, { status: 422 }) : backend(request),
    );
    await signIn?.('a@example.com', 'p');
    expect((await auth.fetch(`${API}/account/password`, { method: 'PUT' })).status).toBe(422);
    await auth.fetch(`${API}/account/password`);
    expect(auth.tokens?.accessToken).toBe('token-0');
    expect(short(told)).toEqual(['signed-in captured']);
  });
});

describe.each([
  ['From a header of its own', (token: string) => ({ 'x-new-token': token })],
  ['From `Authorization` of the response', (token: string) => ({ authorization: `Bearer ${token}` })],
])('docs/capture.md: %s', (heading, headers) => {
  /** A server that hands out a new token with every other answer, and takes the one before no more. */
  function createSliding(renewals = 10) {
    let count = 0;
    const stage = createStage(heading, ({ url, headers: sent }) => {
      if (url === `${API}/sign-in`)
        return Response.json({ access_token: 'token-0', expires_in: 60 }, { headers: headers('token-0') });
      if (sent.get('authorization') !== `Bearer ${stage.state.good}`) return undefined;
      if (++count % 2 === 0 || count > renewals) return new Response('body');
      stage.state.good = `token-${count}`;
      return new Response('body', { headers: headers(stage.state.good) });
    });
    return stage;
  }

  test('R40, R43: each new token is used from the next request on; the body is the caller’s', async () => {
    const { auth, sent, told } = createSliding();
    await auth.fetch(`${API}/sign-in`, { method: 'POST' });
    for (let number = 0; number < 4; number++) {
      expect(await (await auth.fetch(`${API}/items`)).text()).toBe('body');
    }
    expect(sent.map(({ authorization }) => authorization)).toEqual([
      null,
      'Bearer token-0',
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-3',
    ]);
    expect(short(told)).toEqual([
      'signed-in captured',
      'token-refreshed captured',
      'token-refreshed captured',
    ]);
  });

  test('R22: requests on the way with the token before are sent again with the new one, without a refresh', async () => {
    const { auth, told } = createSliding(1);
    await auth.fetch(`${API}/sign-in`, { method: 'POST' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => auth.fetch(`${API}/items`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(short(told).filter((event) => event !== 'token-refreshed captured')).toEqual([
      'signed-in captured',
    ]);
  });

  test('no clock of the device ends the session; a refusal does, once', async () => {
    vi.useFakeTimers();
    const { auth, state, told } = createSliding();
    await auth.fetch(`${API}/sign-in`, { method: 'POST' });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect((await auth.fetch(`${API}/items`)).status).toBe(200);
    state.good = 'another';
    const ended = { status: 'rejected', reason: { code: 'session-ended' } };
    const requests = [auth.fetch(`${API}/items`), auth.fetch(`${API}/items`)];
    expect(await Promise.allSettled(requests)).toMatchObject([ended, ended]);
    expect(short(told)).toEqual(['signed-in captured', 'token-refreshed captured', 'signed-out ended']);
  });
});
