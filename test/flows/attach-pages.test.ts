import { describe, expect, test, vi } from 'vitest';
import { createRecorded, signedIn, watch } from '../support/attach.ts';
import { createWorld, deferred } from '../support/world.ts';

/** A fetch of a page: it resolves what it gets against the page, when it gets it. */
function createPageFetch() {
  const seen: { url: string; authorization: string | null }[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const page = globalThis as { document?: { baseURI: string }; location?: { href: string } };
    const base = page.document?.baseURI ?? page.location?.href;
    const isRequest = input instanceof Request;
    const headers = new Headers(init?.headers ?? (isRequest ? input.headers : {}));
    const url = new URL(isRequest ? input.url : `${input}`, base).href;
    seen.push({ url, authorization: headers.get('authorization') });
    return new Response('ok');
  };
  return { seen, fetch };
}

const stubPage = (baseURI: string, href = baseURI) => {
  const { origin } = new URL(href);
  vi.stubGlobal('document', { baseURI, visibilityState: 'visible', addEventListener() {} });
  vi.stubGlobal('location', { href, origin, toString: () => href });
};

async function signedInPage(allow: string) {
  const page = createPageFetch();
  const auth = createRecorded(page, { allow });
  await auth.signIn({ access_token: 'secret' });
  return { auth, seen: page.seen };
}

describe('R1: a relative URL', () => {
  test.each([
    ['/api/things', 'https://app.example.com/api/things'],
    ['things?x=1', 'https://app.example.com/shop/things?x=1'],
    ['', 'https://app.example.com/shop/cart'],
    ['?page=2', 'https://app.example.com/shop/cart?page=2'],
    ['../x', 'https://app.example.com/x'],
    ['//app.example.com/y', 'https://app.example.com/y'],
  ])('%j of an allowed page carries the token', async (relative, url) => {
    stubPage('https://app.example.com/shop/cart');
    const { auth, seen } = await signedInPage('https://app.example.com');
    await auth.fetch(relative);
    expect(seen).toEqual([{ url, authorization: 'Bearer secret' }]);
  });

  test.each([['//evil.test/api'], ['/\\evil.test/api'], ['\\\\evil.test/api'], ['https:evil.test']])(
    '%j leaves the page: no token',
    async (relative) => {
      stubPage('http://app.example.com/shop/');
      const { auth, seen } = await signedInPage('http://app.example.com');
      await auth.fetch(relative);
      expect(seen).toHaveLength(1);
      expect(new URL(seen[0]?.url ?? '').host).toBe('evil.test');
      expect(seen[0]?.authorization).toBeNull();
    },
  );

  test('is judged by <base href>, as fetch resolves it', async () => {
    stubPage('https://cdn.evil.test/assets/', 'https://app.example.com/');
    const { auth, seen } = await signedInPage('https://app.example.com');
    await auth.fetch('/api');
    expect(seen).toEqual([{ url: 'https://cdn.evil.test/api', authorization: null }]);
  });

  test('of a worker is judged by its location', async () => {
    vi.stubGlobal('location', {
      href: 'https://app.example.com/worker.js',
      origin: 'https://app.example.com',
    });
    const { auth, seen } = await signedInPage('https://app.example.com');
    await auth.fetch('/api');
    expect(seen).toEqual([{ url: 'https://app.example.com/api', authorization: 'Bearer secret' }]);
  });

  test('follows the page from one origin to the next', async () => {
    stubPage('https://app.example.com/');
    const { auth, seen } = await signedInPage('https://app.example.com');
    await auth.fetch('/api');
    stubPage('https://evil.test/');
    await auth.fetch('/api');
    stubPage('https://app.example.com/');
    await auth.fetch('/api');
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer secret', null, 'Bearer secret']);
  });

  test('without a page is not allowed, not even for a predicate that allows all', async () => {
    const received: unknown[][] = [];
    const fetch = async (...args: unknown[]) => {
      received.push(args);
      return new Response('ok');
    };
    const predicate = vi.fn(() => true);
    const auth = createRecorded({ fetch }, { allow: predicate });
    await auth.signIn({ access_token: 'secret' });
    const init = { method: 'POST' };
    await auth.fetch('/api', init);
    expect(predicate).not.toHaveBeenCalled();
    expect(received).toHaveLength(1);
    expect(received[0]?.[0]).toBe('/api');
    expect(received[0]?.[1]).toBe(init);
  });
});

describe('R4: a relative URL that waits', () => {
  test.each([
    ['a router that goes on', 'https://app.example.com/b/'],
    ['a base that changes', 'https://evil.test/'],
  ])('goes where it was meant to go, despite %s', async (_what, next) => {
    vi.useFakeTimers();
    stubPage('https://app.example.com/a/');
    const page = createPageFetch();
    const gate = deferred<{ access_token: string }>();
    const auth = createRecorded(page, { allow: 'https://app.example.com', refresh: () => gate.promise });
    await auth.signIn({ access_token: 'old', expires_in: 100 });
    await vi.advanceTimersByTimeAsync(95_000);
    const answer = auth.fetch('items');
    await vi.advanceTimersByTimeAsync(10);
    stubPage(next);
    gate.resolve({ access_token: 'new' });
    await answer;
    vi.useRealTimers();
    expect(page.seen).toEqual([{ url: 'https://app.example.com/a/items', authorization: 'Bearer new' }]);
  });
});

test('fetch rejects what is no URL as plain fetch does, and never throws', async () => {
  const auth = await signedIn(createWorld());
  for (const url of ['http://[bad', 'https://', 'https://user:secret@api.example.com/']) {
    const seen = watch(auth.fetch(url));
    await expect.poll(() => seen.isSettled).toBe(true);
    expect(seen.error).toBeInstanceOf(TypeError);
  }
});
