import { createTokenManager, type TokenManagerOptions } from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { partsOf, refuseOnce, watchedBody } from '../support/bodies.ts';
import { login, ME, status } from '../support/refresh.ts';
import { API, deferred } from '../support/world.ts';

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
const part = () => bytes.slice().subarray(7, 207);

/** The token is refused by `fetch`; a refresh brings `access-1`. */
async function refused(fetch: TokenManagerOptions['fetch'], options: Partial<TokenManagerOptions> = {}) {
  const refresh = vi.fn(async () => login({ access_token: 'access-1' }));
  const auth = createTokenManager({ allow: API, refresh, fetch, ...options });
  await auth.signIn(login());
  return { auth, refresh };
}

const form = () => {
  const data = new FormData();
  data.append('name', 'Zoë');
  data.append('name', 'twice\r\n');
  data.append('file', new File(['in\0side'], 'a "b".txt', { type: 'text/x' }));
  return data;
};

const stream = () => new Blob(['streamed']).stream();
const post = (body: BodyInit): RequestInit => ({ method: 'POST', body });

/** Every kind of body that can be read twice, as `fetch` takes it. */
const kinds: [string, () => [string | Request, RequestInit?]][] = [
  ['a string', () => [ME, post('grüße 👋 \u0000\r\n')]],
  ['an empty string', () => [ME, post('')]],
  [
    'URLSearchParams',
    () => [
      ME,
      post(
        new URLSearchParams([
          ['a', '1 2'],
          ['a', 'ü&='],
        ]),
      ),
    ],
  ],
  ['a Blob', () => [ME, post(new Blob([bytes], { type: 'image/x' }))]],
  ['an ArrayBuffer', () => [ME, post(bytes.slice().buffer)]],
  ['a view into a larger buffer', () => [ME, post(part())]],
  ['a DataView', () => [ME, post(new DataView(bytes.slice().buffer, 3, 90))]],
  ['a Float64Array', () => [ME, post(new Float64Array([1.5, Number.NaN, -0]))]],
  ['a Request with a string', () => [new Request(ME, post('of a request'))]],
  ['a Request with bytes', () => [new Request(ME, post(part()))]],
  ['a Request with a Blob', () => [new Request(ME, post(new Blob([bytes], { type: 'image/x' })))]],
  ['a Request with a stream', () => [new Request(ME, { ...post(stream()), duplex: 'half' } as RequestInit)]],
  ['a Request whose init has another body', () => [new Request(ME, post('old')), { body: 'new' }]],
  ['a Request with other headers in init', () => [new Request(ME, post('x')), { headers: { 'x-a': '1' } }]],
  ['a large string', () => [ME, post('0123456789'.repeat(200_000))]],
  ['no body', () => [ME, { method: 'DELETE' }]],
];

describe('replay', () => {
  test.each(kinds)('R24: %s is replayed byte for byte, with its content type', async (_, make) => {
    const { fetch, arrived } = refuseOnce();
    const { auth } = await refused(fetch);
    expect(await status(auth.fetch(...make()))).toBe(200);
    const plain = new Request(...make());
    const expected = new Uint8Array(await plain.arrayBuffer());
    expect(arrived.map(({ authorization }) => authorization)).toEqual(['Bearer access-0', 'Bearer access-1']);
    for (const seen of arrived) {
      expect(Buffer.compare(seen.bytes, expected)).toBe(0);
      expect(seen.type).toBe(plain.headers.get('content-type'));
    }
  });

  test.each<[string, () => [string | Request, RequestInit?]]>([
    ['FormData', () => [ME, post(form())]],
    ['a Request with FormData', () => [new Request(ME, post(form()))]],
  ])('R24: %s is replayed with every part', async (_, make) => {
    const { fetch, arrived } = refuseOnce();
    const { auth } = await refused(fetch);
    expect(await status(auth.fetch(...make()))).toBe(200);
    const expected = [
      ['name', 'Zoë'],
      ['name', 'twice\r\n'],
      ['file', 'a "b".txt text/x in\0side'],
    ];
    expect(await Promise.all(arrived.map(partsOf))).toEqual([expected, expected]);
  });

  test.each<[string, () => { body: BodyInit; change: () => void }]>([
    [
      'a view',
      () => {
        const body = part();
        return { body, change: () => body.fill(0) };
      },
    ],
    [
      'an ArrayBuffer',
      () => {
        const body = part().slice();
        return { body: body.buffer, change: () => body.fill(0) };
      },
    ],
    [
      'URLSearchParams',
      () => {
        const body = new URLSearchParams('a=1');
        return { body, change: () => body.set('a', '2') };
      },
    ],
  ])('R24: %s that its owner changes meanwhile is replayed as it was sent', async (_, make) => {
    const late = deferred();
    const { fetch, arrived } = refuseOnce(late.promise);
    const { auth } = await refused(fetch);
    const { body, change } = make();
    const result = status(auth.fetch(ME, post(body)));
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    change();
    late.resolve();
    expect(await result).toBe(200);
    expect(arrived[1]?.bytes).toEqual(arrived[0]?.bytes);
  });

  test('R4, R24: headers and init that their owner changes meanwhile are replayed as they were sent', async () => {
    const late = deferred();
    const { fetch, arrived } = refuseOnce(late.promise);
    const { auth } = await refused(fetch);
    const headers = new Headers({ 'content-type': 'text/a' });
    const init: RequestInit = { method: 'POST', body: 'one', headers };
    const result = status(auth.fetch(ME, init));
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    init.body = 'two';
    headers.set('content-type', 'text/b');
    late.resolve();
    expect(await result).toBe(200);
    expect(arrived[1]).toMatchObject({ type: 'text/a', bytes: arrived[0]?.bytes });
    expect([...headers]).toEqual([['content-type', 'text/b']]);
  });
});

/** Only undici takes it: no type of the platform knows it. */
async function* chunks() {
  yield new TextEncoder().encode('streamed');
}

describe('streams', () => {
  test.each<[string, () => unknown]>([
    ['a stream', stream],
    ['an async iterable', chunks],
  ])(
    'R24: %s in init is not sent twice: the refresh happens, the original 401 is returned whole',
    async (_, make) => {
      const { fetch, arrived } = refuseOnce();
      const { auth, refresh } = await refused(fetch);
      const init = { method: 'POST', body: make(), duplex: 'half' } as RequestInit;
      const response = await auth.fetch(ME, init);
      expect([response.status, await response.text()]).toEqual([401, 'refused']);
      expect([arrived.length, refresh.mock.calls.length]).toEqual([1, 1]);
      expect(new TextDecoder().decode(arrived[0]?.bytes)).toBe('streamed');
      expect(auth.tokens?.accessToken).toBe('access-1');
      expect(await status(auth.fetch(ME))).toBe(200);
      expect(arrived).toHaveLength(2);
    },
  );

  test('R24: a stream in init reaches the fetch underneath itself, unread', async () => {
    const { fetch, arrived } = refuseOnce();
    const { auth } = await refused(fetch);
    const body = stream();
    await auth.fetch(ME, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(arrived[0]?.init?.body).toBe(body);
  });

  test('R22, R24: a late 401 for a stream sent with a replaced token causes no refresh', async () => {
    const late = deferred();
    const { fetch, arrived } = refuseOnce(late.promise);
    const { auth, refresh } = await refused(fetch);
    const result = auth.fetch(ME, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit);
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    await auth.refresh();
    late.resolve();
    const response = await result;
    expect([response.status, await response.text()]).toEqual([401, 'refused']);
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe('the refused response', () => {
  test.each<[string, Partial<TokenManagerOptions>]>([
    ['by default', {}],
    ['when `isRejected` judges', { isRejected: ({ status }) => status === 401 }],
    [
      'when `attach` asks for a retry',
      {
        attach: {
          tokenTypes: ['bearer'],
          headers: ({ tokens }) => ({ authorization: tokens.accessToken }),
          onResponse: ({ status }) => (status === 401 ? 'retry' : undefined),
        },
      },
    ],
  ])('R25: its unread body is cancelled, %s', async (_, options) => {
    let count = 0;
    const { response, seen } = watchedBody({ status: 401 });
    const fetch = async () => (count++ ? Response.json({ ok: true }) : response);
    const { auth } = await refused(fetch, options);
    expect(await (await auth.fetch(ME)).json()).toEqual({ ok: true });
    expect(seen.cancelled).toBe(1);
  });

  test('R25: a body that cannot be cancelled harms nobody', async () => {
    let count = 0;
    const body = new ReadableStream({ cancel: () => Promise.reject(new Error('broken')) });
    const fetch = async () => (count++ ? Response.json({}) : new Response(body, { status: 401 }));
    const { auth } = await refused(fetch);
    expect(await status(auth.fetch(ME))).toBe(200);
  });

  test('R25: what is handed on is not cancelled', async () => {
    const { response, seen } = watchedBody({ status: 403 });
    const { auth } = await refused(async () => response);
    expect(await auth.fetch(ME)).toHaveProperty('bodyUsed', false);
    expect(seen.cancelled).toBe(0);
  });
});
