/** The code of docs/sign-out.md, run as it stands there. */
import type { TokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';
import { follow, record, short } from '../support/recorder.ts';
import { deferred } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const PATH = 'docs/sign-out.md';
const tick = () => vi.advanceTimersByTimeAsync(0);

/** The recipe before a server that answers like this. */
function createStage(heading: string, answer: (url: string) => Response | Promise<Response>) {
  const sent: [url: string, init: RequestInit | undefined][] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : `${input}`;
    sent.push([url, init]);
    return answer(url);
  });
  const { auth } = runRecipe<{ auth: TokenManager }>(PATH, heading);
  onTestFinished(() => auth.close());
  const revoked = () => sent.filter(([url]) => url.endsWith('/revoke')).map(([, init]) => `${init?.body}`);
  return { auth, sent, revoked, told: record(auth) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('docs/sign-out.md, RFC 7009', () => {
  const form = (token: string) => `token=${token}&token_type_hint=refresh_token&client_id=spa`;

  test('the refresh token is revoked, by a request that outlives the page', async () => {
    const { auth, sent, told } = createStage('RFC 7009', () => new Response());
    await auth.signIn(first);
    await auth.signOut();
    expect(sent).toMatchObject([['https://as.example.com/revoke', { method: 'POST', keepalive: true }]]);
    expect(`${sent[0]?.[1]?.body}`).toBe(form('refresh-0'));
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('without a refresh token it is the access token', async () => {
    const { auth, revoked } = createStage('RFC 7009', () => new Response());
    await auth.signIn({ access_token: 'access-0' });
    await auth.signOut();
    expect(revoked()).toEqual(['token=access-0&token_type_hint=access_token&client_id=spa']);
  });

  test.each<[string, () => Response | Promise<Response>]>([
    ['says 503', () => new Response(null, { status: 503 })],
    ['cannot be reached', () => Promise.reject(new TypeError('Failed to fetch'))],
  ])('a server that %s is reported; the user is signed out all the same', async (_what, answer) => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const { auth, told } = createStage('RFC 7009', answer);
    await auth.signIn(first);
    await auth.signOut();
    expect(auth.tokens).toBeUndefined();
    expect(report).toHaveBeenCalledTimes(1);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('a server that never answers is waited for as long as refreshTimeout says', async () => {
    vi.stubGlobal('reportError', vi.fn());
    const { auth, sent } = createStage('RFC 7009', () => new Promise(() => {}));
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await vi.advanceTimersByTimeAsync(14_999);
    expect([out.state, auth.tokens]).toEqual(['pending', undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(out.state).toBe('resolved');
    expect(sent[0]?.[1]?.signal?.aborted).toBe(true);
  });

  test('R32: what a refresh on the wire brings is revoked, too', async () => {
    const answer = deferred<Response>();
    const { auth, revoked } = createStage('RFC 7009', (url) =>
      url.endsWith('/token') ? answer.promise : new Response(),
    );
    await auth.signIn(first);
    void follow(auth.refresh());
    await tick();
    await auth.signOut();
    answer.resolve(Response.json({ access_token: 'late', refresh_token: 'late-refresh' }));
    await tick();
    expect(revoked()).toEqual([form('refresh-0'), form('late-refresh')]);
  });
});

describe('docs/sign-out.md, an HttpOnly cookie', () => {
  test('the backend is asked to forget the session', async () => {
    const { auth, sent } = createStage('A backend with an HttpOnly cookie', () =>
      Response.json({ accessToken: 'access-0', expiresIn: 300 }),
    );
    expect(await auth.getAccessToken()).toBe('access-0');
    await auth.signOut();
    expect(sent.at(-1)).toMatchObject([
      'https://app.example.com/auth/sign-out',
      { method: 'POST', credentials: 'include', keepalive: true },
    ]);
    expect(auth.tokens).toBeUndefined();
  });
});
