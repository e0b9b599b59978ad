/** The guard of docs/cookie-backend.md, run as it stands there: a header whose value changes under a running refresh. */
import type { TokenManager } from 'evertoken';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createPage } from '../support/page.ts';
import { runRecipe } from '../support/recipe.ts';
import { record, short } from '../support/recorder.ts';

// The store of that name goes on from test to test, and with it a back-off: each has a day of its own.
let day = 0;
beforeEach(() => void vi.useFakeTimers({ now: ++day * 86_400_000 }));
afterEach(() => void vi.useRealTimers());

/** A page before a backend that takes one CSRF token, and hands out the next one with its 403. */
function open(good: string) {
  createPage();
  const page = document as unknown as { cookie: string; baseURI: string };
  page.cookie = 'theme=dark; csrf=stale';
  const sent: [url: string, csrf: string | null][] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const csrf = new Headers(init?.headers).get('x-csrf-token');
    sent.push([`${input}`, csrf]);
    if (csrf === good) return Response.json({ accessToken: 'access-0', expiresIn: 300 });
    page.cookie = 'theme=dark; csrf=fresh';
    return Response.json({ message: 'CSRF' }, { status: 403 });
  });
  const { auth } = runRecipe<{ auth: TokenManager }>('docs/cookie-backend.md', "On the page's own site");
  onTestFinished(() => auth.close());
  return { auth, sent, page, told: record(auth) };
}

const url = 'https://app.example.com/auth/refresh';

test('R35: a stale CSRF header costs one more attempt, and signs nobody out', async () => {
  const { auth, sent, told } = open('fresh');
  const token = auth.getAccessToken();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await token).toBe('access-0');
  expect(sent).toEqual([
    [url, 'stale'],
    [url, 'fresh'],
  ]);
  expect(short(told)).toEqual(['signed-in restored']);
});

test('R35: a firewall that answers 403 leaves it open who is signed in', async () => {
  const { auth, sent } = open('none');
  const token = auth.getAccessToken().catch((error) => error);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await token).toMatchObject({ code: 'refresh-failed' });
  expect([auth.status, sent.length]).toEqual(['unknown', 2]);
});

test('a relative URL stays that of the page, whatever its base becomes', async () => {
  const { auth, sent, page } = open('stale');
  page.baseURI = 'https://evil.example.com/';
  const token = auth.getAccessToken();
  await vi.advanceTimersByTimeAsync(15_000);
  await token;
  expect(sent).toEqual([[url, 'stale']]);
});
