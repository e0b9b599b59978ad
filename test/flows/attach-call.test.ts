import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Args, createRecorded, createRecorder, describeDelivery } from '../support/attach.ts';
import { API, unauthorized } from '../support/world.ts';

const URL_X = `${API}/x?q=a%20b#frag`;
const dispatcher = { dispatch: () => true };
const bytes = new Uint8Array([0, 255, 13, 10, 128]);

class Init {
  readonly #method = 'PUT';
  get method() {
    return this.#method;
  }
  get body() {
    return '{"a":1}';
  }
  get headers() {
    return { 'content-type': 'application/json' };
  }
}
class ForeignInit extends Init {
  get next() {
    return { revalidate: 60 };
  }
  get cf() {
    return { cacheTtl: 5 };
  }
}

const posted = (init: RequestInit = {}) =>
  new Request(URL_X, { method: 'POST', body: 'from request', headers: { 'x-r': '1' }, ...init });
const form = () => {
  const data = new FormData();
  data.append('a', '1');
  data.append('file', new File([bytes], 'f.bin', { type: 'application/x-bin' }));
  return data;
};
const used = () => {
  const request = posted();
  void request.text();
  return request;
};
const unknown = (value: unknown) => value as BodyInit & HeadersInit;

/** Each builds its arguments anew, because bodies can be read once. */
const calls: Record<string, () => Args> = {
  'a string': () => [URL_X],
  'a URL': () => [new URL(URL_X)],
  'a Request': () => [new Request(URL_X)],
  'an object with toString': () => [{ toString: () => URL_X } as unknown as URL],
  'an init of undefined': () => [URL_X, ...([undefined] as unknown as [RequestInit])],
  'an init of null': () => [URL_X, null as unknown as RequestInit],
  'a frozen init': () => [URL_X, Object.freeze({ method: 'PUT', headers: Object.freeze({ 'x-a': '1' }) })],
  'an init without prototype': () => [URL_X, Object.assign(Object.create(null), { method: 'DELETE' })],
  'undefined members': () => [posted(), { method: undefined, headers: undefined } as unknown as RequestInit],
  'lower-case methods': () => [URL_X, { method: 'patch' }],
  'a known method in lower case': () => [URL_X, { method: 'post', body: 'x' }],
  'headers as a record': () => [URL_X, { headers: { 'X-A': '1', accept: 'text/x' } }],
  'headers as pairs': () => [
    URL_X,
    {
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
      ],
    },
  ],
  'headers as Headers': () => [URL_X, { headers: new Headers({ 'x-a': '1' }) }],
  'headers as a Map': () => [URL_X, { headers: unknown(new Map([['x-a', '1']])) }],
  'headers that can be iterated once': () => [URL_X, { headers: unknown(new Map([['x-a', '1']]).entries()) }],
  'a string body': () => [URL_X, { method: 'POST', body: 'text' }],
  'an empty body': () => [URL_X, { method: 'POST', body: '' }],
  'a number for a body': () => [URL_X, { method: 'POST', body: unknown(5) }],
  'a JSON body': () => [
    URL_X,
    { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
  ],
  'form parameters': () => [URL_X, { method: 'POST', body: new URLSearchParams('a=1&a=2&b=%20') }],
  'form data': () => [URL_X, { method: 'POST', body: form() }],
  'a Blob': () => [URL_X, { method: 'POST', body: new Blob([bytes], { type: 'image/x' }) }],
  'an ArrayBuffer': () => [URL_X, { method: 'POST', body: bytes.slice().buffer }],
  'a part of a buffer': () => [URL_X, { method: 'POST', body: bytes.subarray(1, 3) }],
  'a DataView': () => [URL_X, { method: 'POST', body: new DataView(bytes.slice().buffer, 1, 2) }],
  'a Node Buffer': () => [URL_X, { method: 'POST', body: Buffer.from('pooled') }],
  'credentials, mode, cache and more': () => [
    URL_X,
    {
      credentials: 'include',
      mode: 'same-origin',
      cache: 'no-store',
      redirect: 'manual',
      referrer: 'https://app.example.com/p',
      referrerPolicy: 'origin',
      integrity: 'sha256-x',
      keepalive: true,
    },
  ],
  'fields we have never heard of': () => [
    URL_X,
    Object.assign({ priority: 'high' as const }, { dispatcher, next: { tags: ['t'] }, cf: { cacheTtl: 5 } }),
  ],
  'a Request with everything': () => [
    posted({
      credentials: 'omit',
      cache: 'reload',
      referrer: 'https://app.example.com/p',
      referrerPolicy: 'unsafe-url',
      integrity: 'sha256-y',
    }),
  ],
  'a Request with a referrer and an empty init': () => [
    new Request(URL_X, { referrer: 'https://app.example.com/p', referrerPolicy: 'origin' }),
    {},
  ],
  'a Request with a referrer and an init': () => [
    new Request(URL_X, { referrer: 'https://app.example.com/p', referrerPolicy: 'origin' }),
    { headers: { 'x-a': '1' } },
  ],
  'an init over a Request: method': () => [posted(), { method: 'PUT' }],
  'an init over a Request: headers replace': () => [posted(), { headers: { 'x-i': '2' } }],
  'an init over a Request: no headers': () => [posted(), { headers: {} }],
  'an init over a Request: body': () => [posted(), { body: 'from init' }],
  'an init over a Request: null body': () => [posted(), { body: null }],
  'an init over a Request that was read': () => [used(), { body: 'from init' }],
  'an init over a Request: unknown fields': () => [
    posted(),
    Object.assign({ method: 'POST' }, { cf: { cacheTtl: 5 } }),
  ],
  'a Request for an init': () => [URL_X, posted()],
  'a Request for an init, without a body': () => [URL_X, new Request('https://a.test', { method: 'DELETE' })],
  'a Request for an init, over a Request': () => [new Request(URL_X), posted()],
  'an init of a class': () => [URL_X, new Init()],
  'an init of a class, with unknown fields': () => [URL_X, new ForeignInit()],
  'an init that inherits': () => [URL_X, Object.create({ method: 'PUT', body: 'x', cf: { cacheTtl: 5 } })],
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What plain fetch would have delivered. */
async function plainly(args: Args) {
  const recorder = createRecorder();
  await recorder.fetch(...args);
  return Promise.all(recorder.deliveries.map(describeDelivery));
}

async function withToken(args: Args, lifetime: number | undefined, refusals = 0) {
  const recorder = createRecorder((_request, count) => (count <= refusals ? unauthorized() : new Response()));
  const refresh = async () => ({ access_token: 'new' });
  const auth = createRecorded(recorder, { refresh });
  await auth.signIn({ access_token: 'old', expires_in: lifetime });
  await vi.advanceTimersByTimeAsync(100_000);
  await auth.fetch(...args);
  const described = await Promise.all(recorder.deliveries.map(describeDelivery));
  const tokens = described.map(({ headers }) => headers['authorization']);
  for (const { headers } of described) delete headers['authorization'];
  return { tokens, described };
}

describe.each(Object.entries(calls))('R4: %s', (_what, build) => {
  test('arrives as plain fetch would have delivered it', async () => {
    const { tokens, described } = await withToken(build(), undefined);
    expect(described).toEqual(await plainly(build()));
    expect(tokens).toEqual(['Bearer old']);
  });

  test('arrives so after a wait for the refresh', async () => {
    const { tokens, described } = await withToken(build(), 100);
    expect(described).toEqual(await plainly(build()));
    expect(tokens).toEqual(['Bearer new']);
  });
});

// A Request for an init holds a stream, which R24 leaves alone.
const replayable = Object.entries(calls).filter(([what]) => !what.startsWith('a Request for an init'));

test.each(replayable)('R4: %s arrives so twice when it is replayed', async (_what, build) => {
  const { tokens, described } = await withToken(build(), undefined, 1);
  const [plain] = await plainly(build());
  expect(described).toEqual([plain, plain]);
  expect(tokens).toEqual(['Bearer old', 'Bearer new']);
});

test.each<[string, () => Args]>([
  ['a body that was read', () => [used()]],
  ['GET with a body', () => [API, { body: 'x' }]],
  ['GET over a Request with a body', () => [posted(), { method: 'GET' }]],
  ['a forbidden method', () => [API, { method: 'CONNECT' }]],
  ['a header that is none', () => [API, { headers: { 'a b': '1' } }]],
  ['pairs that are none', () => [API, { headers: [['x']] as unknown as HeadersInit }]],
  ['no arguments', () => [] as unknown as Args],
])('R4: %s is the TypeError that plain fetch rejects with', async (_what, build) => {
  const auth = createRecorded(createRecorder());
  await auth.signIn({ access_token: 'secret' });
  await expect(auth.fetch(...build())).rejects.toThrow(TypeError);
});
