/** R14, R35: a token endpoint that redirects, on platforms that show it and on those that do not. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failure, signedIn } from '../support/refresh.ts';
import { createWorld, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('R14: a platform that throws for `redirect: "error"` refreshes all the same', async () => {
  const world = createWorld();
  const { fetch } = world;
  world.fetch = async (input, init) => {
    const redirect = init?.redirect ?? (input instanceof Request ? input.redirect : undefined);
    if (redirect === 'error')
      throw new TypeError('Invalid redirect value, must be one of "follow" or "manual"');
    return fetch(input, init);
  };
  const { auth } = await signedIn({ world });
  expect(await auth.refresh()).toMatchObject({ accessToken: 'access-1' });
  expect(world.refreshes).toHaveLength(1);
});

const elsewhere = 'https://evil.example.com/token';

/** What a browser hands over instead of a redirect that it does not follow. */
const opaque = () =>
  Object.defineProperties(new Response(null), {
    status: { value: 0 },
    ok: { value: false },
    type: { value: 'opaqueredirect' },
  });

test.each([
  ['302', () => new Response(null, { status: 302, headers: { location: elsewhere } })],
  ['307', () => new Response(null, { status: 307, headers: { location: elsewhere } })],
  ['an opaque redirect with status 0', opaque],
])(
  'R35: a token endpoint that redirects (%s) is refresh-failed, and the token goes nowhere else',
  async (_what, answer) => {
    const world = createWorld();
    const urls: string[] = [];
    const bodies: string[] = [];
    world.fetch = async (input, init) => {
      const request = new Request(input, init);
      urls.push(request.url);
      bodies.push(await request.clone().text());
      // The platform would follow.
      if (request.redirect === 'follow') {
        urls.push(elsewhere);
        return Response.json({ access_token: 'stolen' });
      }
      return answer();
    };
    const { auth, heard } = await signedIn({ world });
    const error = failure(auth.refresh());
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await error).code).toBe('refresh-failed');
    expect(new Set(urls)).toEqual(new Set([TOKEN_ENDPOINT]));
    expect(bodies[0]).toContain('refresh-0');
    // The session goes on.
    expect([auth.tokens?.accessToken, heard.map(([event]) => event)]).toEqual([
      'access-0',
      ['refresh-failed'],
    ]);
  },
);
