import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Request as PolyfilledRequest } from 'whatwg-fetch';
import { type Call, headerOf, isReplayable, isRequest, sendCall, takeCall } from '../../src/request/call.ts';
import { type Target, targetOf } from '../../src/request/target.ts';
import { polluted } from '../support/polluted.ts';

const HREF = 'https://api.example.com/things';
const take = (input: RequestInfo | URL = HREF, init?: RequestInit) => {
  const request = isRequest(input) ? input : undefined;
  const { method = request?.method ?? 'GET', signal = request?.signal } = init ?? {};
  return takeCall(request, init, targetOf(HREF) as Target, method, signal);
};

/** What is handed to fetch when the call is sent with these headers. */
async function sent(call: Call, added: Record<string, string> = {}) {
  const seen: { input: RequestInfo; init: RequestInit | undefined }[] = [];
  const fetch = async (input: RequestInfo, init?: RequestInit) => {
    seen.push({ input, init });
    return new Response();
  };
  await sendCall(call, { fetch, mark: {} }, added);
  const { input, init } = seen[0] ?? { input: '' };
  return { input, init, request: new Request(input, init) };
}
const bearer = { authorization: 'Bearer t' };

describe('what was taken', () => {
  test('is sent as it was, and the caller’s objects are left alone (R4)', async () => {
    const headers = { 'x-a': '1' };
    const rest = { method: 'post', body: 'text', next: { tags: [] } };
    const init = { ...rest, headers };
    const call = take(new URL(HREF), init);
    headers['x-a'] = '2';
    init.method = 'delete';
    const { input, init: out } = await sent(call, bearer);
    expect([input, out]).toEqual([HREF, { ...rest, headers: { 'x-a': '1', ...bearer } }]);
    expect([call.method, headers]).toEqual(['POST', { 'x-a': '2' }]);
  });

  test('means the URL it meant then', () => {
    expect(take('/things').input).toBe(HREF);
  });

  test('has the method of the init, else of the Request, in the case that fetch would send', async () => {
    const request = new Request(HREF, { method: 'PUT' });
    const other = [take(request, { method: 'delete' }), take(HREF, { method: 'patch' })];
    const methods = [take(), take(request), ...other].map(({ method }) => method);
    expect(methods).toEqual(['GET', 'PUT', 'DELETE', 'patch']);
    expect((await sent(take(request, { method: 'delete' }), bearer)).request.method).toBe('DELETE');
  });

  test('keeps what an init inherits, and what a Request used as an init says', async () => {
    class Options {
      get method() {
        return 'PUT';
      }
    }
    expect((await sent(take(HREF, new Options()))).request.method).toBe('PUT');
    const call = take(HREF, new Request('https://x.test', { method: 'POST', body: 'b' }));
    const { request } = await sent(call);
    expect([request.url, request.method, await request.text()]).toEqual([HREF, 'POST', 'b']);
    expect(isReplayable(call)).toBe(true);
  });
});

describe('R24: a body', () => {
  const form = () => {
    const data = new FormData();
    data.append('a', '1');
    data.append('file', new File(['x'], 'x.txt'));
    return data;
  };
  const bytes = () => new TextEncoder().encode('-bytes-');
  test.each<[string, BodyInit, (body: never) => void, string | RegExp]>([
    ['a string', 'text', () => {}, 'text'],
    ['a blob', new Blob(['blob']), () => {}, 'blob'],
    ['a part of a buffer', bytes().subarray(1, 6), (body: Uint8Array) => body.fill(0), /^bytes$/],
    ['a DataView', new DataView(bytes().buffer, 1, 5), (body: DataView) => body.setUint8(0, 0), /^bytes$/],
    ['an ArrayBuffer', bytes().buffer, (body: ArrayBuffer) => new Uint8Array(body).fill(0), '-bytes-'],
    ['URLSearchParams', new URLSearchParams('a=1'), (body: URLSearchParams) => body.delete('a'), 'a=1'],
    ['FormData', form(), (body: FormData) => body.delete('file'), /"a"\r\n\r\n1\r\n.+filename="x\.txt"/s],
  ])('%s is sent twice as it was when it was taken', async (_what, body, spoil, expected) => {
    const call = take(HREF, { method: 'POST', body });
    spoil(body as never);
    expect(isReplayable(call)).toBe(true);
    for (let n = 0; n < 2; n++) expect(await (await sent(call)).request.text()).toMatch(expected);
  });

  test('of null is none', () => {
    expect(take(HREF, { body: null })).toMatchObject({ isStream: false, init: { body: null } });
  });

  test('of a Request is sent twice, and stays unread for the caller', async () => {
    const request = new Request(HREF, { method: 'POST', body: 'text' });
    const call = take(request);
    for (let n = 0; n < 2; n++) expect(await (await sent(call, bearer)).request.text()).toBe('text');
    expect(await request.text()).toBe('text');
  });

  test('of a Request that its caller reads after the call is sent once, and cannot be sent twice', async () => {
    const request = new Request(HREF, { method: 'POST', body: 'text' });
    const call = take(request);
    await request.text();
    expect(await (await sent(call)).request.text()).toBe('text');
    expect(isReplayable(call)).toBe(false);
  });

  test('of the init counts although that of the Request was read', async () => {
    const request = new Request(HREF, { method: 'POST', body: 'old' });
    await request.text();
    expect(await (await sent(take(request, { body: 'new' }))).request.text()).toBe('new');
  });

  test('that streams is handed on as it is, and cannot be sent twice', () => {
    async function* generate() {
      yield 'chunk';
    }
    const old = { getReader: () => {} }; // a stream of a platform that cannot iterate it
    for (const stream of [new ReadableStream(), generate(), old]) {
      const body = stream as BodyInit;
      const call = take(HREF, { method: 'POST', body });
      expect([isReplayable(call), call.init?.body]).toEqual([false, body]);
    }
  });
});

describe('the headers', () => {
  test('of a Request, Headers, pairs and a record are found in any case (R3), and kept beside the added', async () => {
    const lists = [new Headers({ 'X-A': '1' }), [['X-A', '1']] as [string, string][], { 'X-A': '1' }];
    const ofRequest = take(new Request(HREF, { headers: { 'X-A': '1' } }));
    for (const call of [ofRequest, ...lists.map((headers) => take(HREF, { headers }))]) {
      const found = ['x-a', 'X-A', 'x-b'].map((name) =>
        headerOf(call.headers, { [name]: '' })?.toLowerCase(),
      );
      expect(found).toEqual(['x-a', 'x-a', undefined]);
      const { headers } = (await sent(call, bearer)).request;
      expect(Object.fromEntries(headers)).toEqual({ ...bearer, 'x-a': '1' });
    }
  });

  test('leave a bare Request of a page its referrer, which any init makes fetch forget', async () => {
    vi.stubGlobal('location', { href: HREF });
    onTestFinished(() => void vi.unstubAllGlobals());
    const about = { referrer: 'https://app.example.com/p', referrerPolicy: 'origin' } as const;
    const request = new Request(HREF, about);
    expect((await sent(take(request, {}), bearer)).request).toMatchObject(about);
    expect(request.headers.has('authorization')).toBe(false);
  });

  test('R37: what a page put on Object.prototype makes no redirect an error', async () => {
    Object.defineProperty(Object.prototype, 'extend', {
      value: () => {},
      configurable: true,
      writable: true,
      enumerable: true,
    });
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'extend'));
    for (const added of [{}, bearer]) {
      const { init } = await sent(take(), added);
      expect(Object.keys(init ?? {})).toEqual(['headers']);
    }
  });

  test.each([
    ['a URL alone', HREF, undefined, undefined],
    ['a Request of a page', new Request(HREF), undefined, undefined],
    // That is what fetch reads of it by itself.
    ['an init, but for what plain fetch would take it for', HREF, { cache: 'no-store' }, 'DELETE'],
  ] as const)(
    'R6, R37: what a page put on Object.prototype is no option of %s',
    async (_what, input, init, method) => {
      vi.stubGlobal('location', { href: HREF });
      onTestFinished(() => void vi.unstubAllGlobals());
      const planted = { redirect: 'follow', method: 'DELETE' };
      // Read while it stands there, as fetch does.
      const read = await polluted(planted, async () => {
        const { init: out } = await sent(take(input, init), { 'X-Token': 't' });
        return [out?.redirect, out?.method];
      });
      expect(read).toEqual(['error', method]);
    },
  );

  test('R6: other than Authorization make a redirect an error, unless the caller said what to do', async () => {
    const redirect = async (call: Call, name = 'X-Token') =>
      (await sent(call, { [name]: 't' })).request.redirect;
    expect(await redirect(take())).toBe('error');
    expect(await redirect(take(new Request(HREF)))).toBe('error');
    expect(await redirect(take(new Request(HREF, { redirect: 'manual' })))).toBe('manual');
    expect(await redirect(take(HREF, { redirect: 'follow' }))).toBe('follow');
    expect(await redirect(take(), 'Authorization')).toBe('follow');
  });
});

test('a Request is known by what neither a URL nor an init has, for it may be of another realm or a polyfill', () => {
  const requests: unknown[] = [new Request(HREF), new PolyfilledRequest(HREF)];
  expect(requests.map((input) => isRequest(input as Request))).toEqual([true, true]);
  // As the URLs of Next.js.
  const cloneable = Object.assign(new URL(HREF), { clone: () => new URL(HREF) });
  const init = { method: 'GET', body: 'text', url: HREF };
  const others: unknown[] = [undefined, null, '[object Request]', new URL(HREF), cloneable, init];
  expect(others.some((input) => isRequest(input as string))).toBe(false);
});
