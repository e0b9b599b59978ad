/** SDKs that insist on a key of their own: `replace` puts the token in its place. */
import { bearer, createTokenManager } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { createRecorded, createRecorder, expectTypeError, thrownBy } from '../support/attach.ts';
import { API } from '../support/world.ts';

const headersOf = ({ deliveries }: ReturnType<typeof createRecorder>, index = 0) =>
  deliveries[index]?.request.headers as Headers;

describe('R3: an attach with `replace`', () => {
  test.each([
    ['an object', { Authorization: 'Bearer sdk-key' }],
    ['upper case', { AUTHORIZATION: 'Bearer sdk-key' }],
    ['pairs', [['authorization', 'Bearer sdk-key']]],
    ['Headers', new Headers({ authorization: 'Bearer sdk-key' })],
  ] as [string, HeadersInit][])(
    'puts the token in the place of the caller’s header, given as %s',
    async (_what, headers) => {
      const recorder = createRecorder();
      const auth = createRecorded(recorder, { attach: bearer({ replace: true }) });
      await auth.signIn({ access_token: 'ours' });
      await auth.fetch(API, { headers });
      await auth.fetch(new Request(API, { headers }));
      expect([0, 1].map((index) => headersOf(recorder, index).get('authorization'))).toEqual([
        'Bearer ours',
        'Bearer ours',
      ]);
      expect(new Headers(headers).get('authorization')).toBe('Bearer sdk-key');
    },
  );

  test('replaces the header that it sets itself, in any case, and no other', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, {
      attach: bearer({ header: 'x-api-key', scheme: '', replace: true }),
    });
    await auth.signIn({ access_token: 'ours' });
    await auth.fetch(API, { headers: { 'X-Api-Key': 'sdk', 'x-version': '1' } });
    expect(headersOf(recorder).get('x-api-key')).toBe('ours');
    expect(headersOf(recorder).get('x-version')).toBe('1');
  });

  test('signed out leaves the caller’s as it is', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { attach: bearer({ replace: true }) });
    await auth.fetch(API, { headers: { authorization: 'Bearer sdk-key' } });
    expect(headersOf(recorder).get('authorization')).toBe('Bearer sdk-key');
  });

  test('leaves it beyond the allowed URLs', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { attach: bearer({ replace: true }) });
    await auth.signIn({ access_token: 'ours' });
    await auth.fetch('https://other.example/', { headers: { authorization: 'Bearer sdk-key' } });
    expect(headersOf(recorder).get('authorization')).toBe('Bearer sdk-key');
  });

  test('refreshes a refused token and replays with the new one: 100 of 100 calls carry it', async () => {
    const recorder = createRecorder((request) =>
      request.headers.get('authorization') === 'Bearer new'
        ? new Response('ok')
        : new Response('', { status: 401 }),
    );
    const auth = createTokenManager({
      allow: API,
      fetch: recorder.fetch,
      attach: bearer({ replace: true }),
      refresh: async () => ({ access_token: 'new', expires_in: 3600 }),
    });
    await auth.signIn({ access_token: 'old', refresh_token: 'r' });
    const calls = Array.from({ length: 100 }, () =>
      auth.fetch(API, { headers: { authorization: 'Bearer sdk-key' } }),
    );
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
    expect(
      recorder.deliveries.some(({ request }) => request.headers.get('authorization')?.includes('sdk')),
    ).toBe(false);
  });

  test('never touches what `refresh` and `revoke` send', async () => {
    const recorder = createRecorder(() => Response.json({ access_token: 'new' }));
    const client = { headers: { authorization: 'Basic client' } };
    const auth = createTokenManager({
      allow: API,
      fetch: recorder.fetch,
      attach: bearer({ replace: true }),
      refresh: async ({ fetch }) => (await fetch(`${API}/token`, client)).json(),
      revoke: ({ fetch }) => fetch(`${API}/revoke`, client),
    });
    await auth.signIn({ access_token: 'old', refresh_token: 'r' });
    await auth.refresh();
    await auth.signOut();
    expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
      'Basic client',
      'Basic client',
    ]);
  });

  test('is a yes or no', () => {
    expectTypeError(
      thrownBy(() => bearer({ replace: 'yes' as never })),
      'bearer.replace',
    );
  });
});
