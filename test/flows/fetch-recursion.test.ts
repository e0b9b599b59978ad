/** A refresh that asks itself, and a fetch underneath that is our own. */
import { bearer, createTokenManager, type Refresh, type TokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure } from '../support/refresh.ts';
import { API, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Signed in with tokens that have expired, over a `refresh` that may use the manager. */
async function open(refresh: (auth: TokenManager, context: Parameters<Refresh>[0]) => Promise<unknown>) {
  const world = createWorld();
  const auth: TokenManager = createTokenManager({
    ...{ allow: [API, 'https://as.example.com'], fetch: world.fetch },
    refresh: (context) => refresh(auth, context),
  });
  await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 10 });
  vi.setSystemTime(Date.now() + 20_000);
  return { auth, world };
}

const post = { method: 'POST' };

describe('R7: a `refresh` that calls `auth.fetch`', () => {
  test('before it waits for anything gets an error at once that names the mistake', async () => {
    const { auth } = await open(async ({ fetch }) =>
      (await fetch('https://as.example.com/token', post)).json(),
    );
    const error = await failure(auth.fetch(`${API}/me`));
    expect(error).toMatchObject({ code: 'refresh-failed' });
    expect(`${error.message} ${(error.cause as Error)?.message}`).toMatch(
      /refresh.*auth\.fetch|auth\.fetch.*refresh/,
    );
  });

  test('later, with the signal it was given, gets it at once as well', async () => {
    const { auth } = await open(async ({ fetch }, { signal }) => {
      await Promise.resolve();
      return (await fetch('https://as.example.com/token', { ...post, signal })).json();
    });
    const error = await failure(auth.fetch(`${API}/me`));
    expect(`${error.message} ${(error.cause as Error)?.message}`).toMatch(/auth\.fetch/);
  });

  test('later and without the signal: the error after `refreshTimeout` names the request that waits for it', async () => {
    const { auth } = await open(async ({ fetch }) => {
      await Promise.resolve();
      return (await fetch('https://as.example.com/token?x=secret', post)).json();
    });
    const waiting = failure(auth.fetch(`${API}/me`));
    await vi.advanceTimersByTimeAsync(20_000);
    const error = await waiting;
    expect(error).toMatchObject({ code: 'refresh-failed' });
    expect(error.message).toContain('https://as.example.com/token');
    expect(error.message).not.toContain('secret');
  });

  test('later, after a refusal: the error names both requests, the one that was refused and the one within', async () => {
    const fetch = async () => new Response(null, { status: 401 });
    const auth: TokenManager = createTokenManager({
      ...{ allow: API, fetch },
      refresh: async () => {
        await Promise.resolve();
        return (await auth.fetch(`${API}/refresh`, post)).json();
      },
    });
    await auth.signIn({ access_token: 'opaque', refresh_token: 'r' });
    const waiting = failure(auth.fetch(`${API}/me`));
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await waiting).message).toContain(`waiting: ${API}/me, ${API}/refresh`);
  });

  test('for a URL that is not allowed is nobody’s business', async () => {
    const world = createWorld();
    const auth: TokenManager = createTokenManager({
      ...{ allow: API, fetch: world.fetch },
      refresh: async () => (await auth.fetch('https://as.example.com/token', post)).json(),
    });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 10 });
    vi.setSystemTime(Date.now() + 20_000);
    expect((await auth.fetch(`${API}/me`)).status).toBe(200);
  });
});

describe('R7: a fetch underneath that is our own', () => {
  test.each([
    ['of an allowed URL', `${API}/me`],
    ['of another URL', 'https://other.example/'],
  ])('because `globalThis.fetch = auth.fetch`, gets an error that names it: %s', async (_what, url) => {
    const auth = createTokenManager({ allow: API, refresh: async () => ({}) });
    await auth.signIn({ access_token: 'x' });
    vi.stubGlobal('fetch', auth.fetch);
    const error = await failure(auth.fetch(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/fetch/);
    expect(error.message).toMatch(/option/);
  });

  test.each([
    ['at once', (input: string, init?: RequestInit) => globalThis.fetch(input, init)],
    [
      'after a while',
      async (input: string, init?: RequestInit) => {
        await Promise.resolve();
        return globalThis.fetch(input, init);
      },
    ],
    [
      'with a copy of the init',
      async (input: string, init?: RequestInit) => {
        await Promise.resolve();
        return globalThis.fetch(input, { ...init });
      },
    ],
  ])('because it hands our own init back to us %s', async (_when, wrapper) => {
    const auth = createTokenManager({
      allow: API,
      refresh: async () => ({}),
      fetch: wrapper as typeof fetch,
    });
    await auth.signIn({ access_token: 'x' });
    vi.stubGlobal('fetch', auth.fetch);
    expect(await failure(auth.fetch(`${API}/me`))).toBeInstanceOf(TypeError);
    expect(await failure(auth.fetch(new Request(`${API}/me`)))).toBeInstanceOf(TypeError);
  });

  test.each([
    [false, `${API}/me`],
    [true, `${API}/me`],
    [true, 'https://other.example/'],
  ])('makes a Request of its own of it; replacing headers: %s, %s', async (replace, url) => {
    const wrapper = (input: string, init?: RequestInit) => globalThis.fetch(new Request(input, init));
    const attach = bearer({ replace });
    const auth = createTokenManager({
      ...{ allow: API, attach, refresh: async () => ({}) },
      fetch: wrapper as typeof fetch,
    });
    await auth.signIn({ access_token: 'x' });
    vi.stubGlobal('fetch', auth.fetch);
    expect(await failure(auth.fetch(url))).toBeInstanceOf(TypeError);
  });

  test('a wrapper that asks something else first works', async () => {
    const world = createWorld();
    const auth: TokenManager = createTokenManager({
      ...{ allow: API, refresh: async () => ({}) },
      fetch(input, init) {
        const { url } = new Request(input, init);
        if (!url.endsWith('/log')) auth.fetch('https://other.example/log');
        return world.fetch(input as string, init);
      },
    });
    await auth.fetch('https://other.example/me');
    expect(world.api.map(({ url }) => url)).toEqual([
      'https://other.example/log',
      'https://other.example/me',
    ]);
  });

  test('a wrapper of other URLs that calls itself ends, too', async () => {
    const wrapper = (input: string, init?: RequestInit) => globalThis.fetch(input, init);
    const auth = createTokenManager({
      allow: API,
      refresh: async () => ({}),
      fetch: wrapper as typeof fetch,
    });
    vi.stubGlobal('fetch', auth.fetch);
    expect(await failure(auth.fetch('https://other.example/'))).toBeInstanceOf(TypeError);
  });

  test('one manager over the fetch of another works', async () => {
    const world = createWorld();
    const inner = createTokenManager({
      allow: 'https://b.example',
      refresh: async () => ({}),
      fetch: world.fetch,
    });
    const outer = createTokenManager({ allow: API, refresh: async () => ({}), fetch: inner.fetch });
    await outer.signIn({ access_token: 'outer' });
    await outer.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBe('Bearer outer');
  });
});
