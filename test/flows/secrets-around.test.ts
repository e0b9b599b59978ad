import { inspect } from 'node:util';
import { createTokenManager, refreshEndpoint, type TokenManagerOptions, type TokenResponse } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { expectNoLeak, MARK, plant, reveal, watch } from '../support/leaks.ts';
import type { Told } from '../support/recorder.ts';
import { hearSteps } from '../support/steps.ts';
import { API, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

const refresh = refreshEndpoint({ url: TOKEN_ENDPOINT });
const tick = () => vi.advanceTimersByTimeAsync(0);

/** What the store really writes, so that the test knows no field by name. */
async function recordOf(tokens: TokenResponse): Promise<string> {
  const cell = createCell();
  await createTokenManager({ refresh, allow: API, store: cell.open() }).signIn(tokens);
  return `${cell.entry?.value}`;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R70: what signIn refuses', () => {
  test.each<[string, unknown]>([
    ['a token with a line break', { access_token: `${plant()}\nx: ${plant()}` }],
    ['a token beyond ASCII', { accessToken: `${plant()}\u2028` }],
    ['a token_type', { access_token: plant(), token_type: plant() }],
    ['a refresh token of the wrong kind', { access_token: plant(), refresh_token: [plant()] }],
    ['a text', plant()],
    ['an array', [{ access_token: plant() }]],
    ['no access token', { refresh_token: plant(), [plant()]: 1 }],
    ['a response that was not parsed', JSON.stringify({ access_token: plant() })],
  ])('R70: %s is not quoted in the error', async (_name, tokens) => {
    const { auth, attempt, shown, told } = watch({ refresh });
    const error = await attempt(() => auth.signIn(tokens as TokenResponse));
    expect(error).toMatchObject({ code: 'invalid-token-response' });
    expect(told).toEqual([]);
    expectNoLeak(shown);
  });
});

describe('R70: what the store holds', () => {
  test.each<[string, (record: string) => string]>([
    ['cut off', (record) => record.slice(0, -5)],
    ['with rubbish behind it', (record) => `${record}${plant()}`],
    ['no JSON at all', () => plant()],
    ['a JSON string', (record) => JSON.stringify(record)],
    ['a JSON array', (record) => `[${record}]`],
    ['of a newer version', (record) => record.replace('"format":1', '"format":2')],
    ['of another client', (record) => record.replace('"client":"', '"client":"other ')],
    ['without its numbers', (record) => record.replace('"rotation"', '"rotations"')],
    [
      'with a token no header can carry',
      (record) => record.replace(/S3CR3T-access/, 'S3CR3T-\\r\\nx: \\u2028'),
    ],
  ])('R70, R53: a stored entry %s is reported without its tokens', async (_name, damage) => {
    const whole = await recordOf({ access_token: plant('access'), refresh_token: plant('refresh') });
    expect(whole).toMatch(MARK);
    const cell = createCell();
    cell.entry = { version: '1', value: damage(whole) };
    expect(cell.entry.value).not.toBe(whole);
    const { auth, shown, told } = watch({ refresh, store: cell.open() });
    await auth.ready;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(auth.tokens).toBeUndefined();
    expect(told).toMatchObject([['store-failed', { operation: 'read' }]]);
    expectNoLeak(shown);
  });

  test.each<[string, (value: string) => unknown]>([
    ['its message', (value) => new Error(`quota exceeded for ${value}`)],
    [
      'its fields, as those of Redis clients',
      (value) => Object.assign(new Error('READONLY'), { command: { name: 'SET', args: ['shop', value] } }),
    ],
    ['its cause', (value) => new Error('failed', { cause: { value } })],
    ['itself', (value) => value],
  ])('R70: a store’s error that quotes the entry in %s', async (_name, create) => {
    const cell = createCell();
    cell.before = (_call, next) => next && Promise.reject(create(next.value));
    const { auth, shown, told } = watch({ refresh, store: cell.open() });
    await auth.signIn({ access_token: plant(), refresh_token: plant(), id_token: plant() });
    await auth.signOut();
    expect(told.map(([event]) => event)).toContain('store-failed');
    expectNoLeak(shown);
  });
});

describe('R70: captures, revocations, step-ups', () => {
  test.each<[string, () => Response]>([
    ['JSON that breaks off', () => new Response(`{"access_token":"${plant()}`)],
    ['a token no header can carry', () => Response.json({ access_token: `${plant()}\n` })],
    ['a token_type nobody serves', () => Response.json({ access_token: plant(), token_type: plant() })],
    ['good tokens', () => Response.json({ access_token: plant(), refresh_token: plant() })],
  ])('R70: %s in a captured answer', async (_name, answer) => {
    const { auth, shown } = watch({ refresh, capture: [{ url: API }], fetch: async () => answer() });
    await auth.signIn({ access_token: plant() });
    await auth.fetch(`${API}/password`);
    await tick();
    expectNoLeak(shown);
  });

  test('R70: a URL with a token in its query is told without it', async () => {
    const challenge = 'Bearer error="insufficient_scope", scope="pay"';
    const { auth, shown, told } = watch({ refresh, fetch: async () => unauthorized(challenge) });
    await auth.signIn({ access_token: plant() });
    await auth.fetch(`${API}/pay?token=${plant()}#${plant()}`);
    expect(told[1]?.[0]).toBe('step-up-required');
    expectNoLeak(shown);
  });

  test('R70: a token in the path of a URL is told in no event, error, warning or step', async () => {
    vi.stubGlobal('location', { href: 'https://app.example.com/', origin: 'https://app.example.com' });
    onTestFinished(() => void vi.unstubAllGlobals());
    const token = plant();
    const challenge = 'Bearer error="insufficient_scope", scope="pay"';
    const steps = hearSteps();
    const { auth, shown, told } = watch({
      ...{ refresh: () => new Promise(() => {}), refreshTimeout: 1_000 },
      fetch: async (input) => unauthorized(`${input}`.includes('pay') ? challenge : 'Bearer'),
    });
    const call = (url: string, init?: RequestInit) => auth.fetch(url, init).catch((error) => reveal(error));
    await auth.signIn({ access_token: token });
    await call(`${API}/pay/${token}`);
    await call(`https://else.example.com/${encodeURIComponent(token)}/x`);
    await call(`/${token}`);
    await call(`${API}/own/${token}`, { headers: { authorization: 'own' }, method: token });
    const refused = call(`${API}/me/${token}`);
    await vi.advanceTimersByTimeAsync(5_000);
    const text = await refused;
    expect(told.map(([event]) => event)).toEqual(['signed-in', 'step-up-required', 'refresh-failed']);
    const bare = (shown as Told[]).filter(([event]) => event === 'not-attached');
    expect(bare.map(([, payload]) => (payload as { url?: string }).url)).toEqual([
      'https://else.example.com/',
      'https://app.example.com/',
      `${API}/`,
    ]);
    expect(told[1]?.[1]).toMatchObject({ url: `${API}/` });
    expectNoLeak([...shown, text, JSON.stringify(steps)]);
  });

  test('R70: a fetch that fails during the revocation of refreshed tokens', async () => {
    const { auth, shown } = watch({
      refresh: async () => ({ access_token: plant(), refresh_token: plant() }),
      revoke: () => Promise.reject(new TypeError('Failed to fetch')),
    });
    await auth.signIn({ access_token: plant(), refresh_token: plant() });
    await auth.refresh();
    await auth.signOut();
    expectNoLeak(shown);
  });
});

describe('R70: who looks at the manager', () => {
  test('R70: logging or serialising it shows no token, and neither do its errors', async () => {
    const { auth, attempt, shown } = watch({ refresh });
    await auth.signIn({ access_token: plant(), refresh_token: plant(), id_token: plant() });
    for (const text of [
      inspect(auth),
      inspect(auth, { showHidden: true, depth: Number.POSITIVE_INFINITY }),
      JSON.stringify(auth),
      JSON.stringify({ ...auth }),
      `${auth}`,
    ]) {
      expect(text).not.toMatch(MARK);
    }
    auth.close();
    await attempt(() => auth.refresh());
    expectNoLeak(shown);
  });

  test('R70: a wrong option is named, its value is not shown', () => {
    const wrong: Partial<Record<keyof TokenManagerOptions, unknown>> = {
      refresh: plant(),
      store: plant(),
      refreshAhead: plant(),
      leeway: plant(),
      keepFresh: plant(),
      refreshTimeout: plant(),
      attach: plant(),
      isRejected: plant(),
      capture: plant(),
      revoke: plant(),
      fetch: plant(),
    };
    for (const [name, value] of Object.entries(wrong)) {
      const create = () => createTokenManager({ refresh, allow: API, [name]: value });
      expect(create).toThrow(TypeError);
      expect(create).toThrow(name);
      expect(create).not.toThrow(MARK);
    }
    for (const name of ['format', 'clientAuth', 'headers', 'body', 'read'] as const) {
      const create = () => refreshEndpoint({ url: TOKEN_ENDPOINT, [name]: plant() as never });
      expect(create).toThrow(name);
      expect(create).not.toThrow(MARK);
    }
  });
});

describe('R71: where tokens are kept is an explicit choice', () => {
  test('R71: by default nothing of the page’s storage is touched', async () => {
    const touched: string[] = [];
    const trap = (name: string) =>
      new Proxy({}, { get: (_target, key) => void touched.push(`${name}.${String(key)}`) });
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'cookieStore']) {
      vi.stubGlobal(name, trap(name));
    }
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    Object.defineProperty(page, 'cookie', {
      get: () => void touched.push('cookie'),
      set: () => void touched.push('cookie'),
    });
    vi.stubGlobal('document', page);
    const { auth } = watch({ refresh: async () => ({ access_token: plant(), refresh_token: plant() }) });
    await auth.signIn({ access_token: plant() });
    await auth.refresh();
    await auth.signOut();
    auth.close();
    expect(touched).toEqual([]);
    expect(reveal(globalThis.sessionStorage)).not.toMatch(MARK);
  });
});
