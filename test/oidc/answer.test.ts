/** Answers of a server, and how much of them is read. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { answerOf, readText } from '../../src/oidc/answer.ts';

const MB = 1_000_000;

/** A body that never ends, in pieces of 100 kB. */
function endless() {
  const seen = { bytes: 0, isCancelled: false };
  const body = new ReadableStream({
    pull(controller) {
      seen.bytes += 100_000;
      controller.enqueue(new Uint8Array(100_000).fill(32));
    },
    cancel() {
      seen.isCancelled = true;
    },
  });
  return { response: new Response(body), seen };
}

describe('R37: no more than 1 MB of an answer is read', () => {
  test('of one that never ends, and its connection is given up', async () => {
    const { response, seen } = endless();
    expect(await readText(response)).toBe('more than 1 MB');
    expect(seen.bytes).toBeLessThan(1.3 * MB);
    expect(seen.isCancelled).toBe(true);
  });

  test('of a gzip bomb, whose bytes are counted when they are unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(250 * MB, 32));
    expect(bomb.length).toBeLessThan(MB);
    const seen = { bytes: 0 };
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        seen.bytes += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const body = new Blob([bomb]).stream().pipeThrough(new DecompressionStream('gzip')).pipeThrough(counted);
    expect(await readText(new Response(body))).toBe('more than 1 MB');
    expect(seen.bytes).toBeLessThan(1.3 * MB);
  });

  test('one of 1 MB is read whole', async () => {
    const text = 'x'.repeat(MB);
    expect(await readText(new Response(text))).toBe(text);
  });
});

test('letters that two pieces share are read right', async () => {
  const bytes = new TextEncoder().encode('{"name":"Zoë"}');
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  expect(await readText(new Response(body))).toBe('{"name":"Zoë"}');
});

test('where a platform has no streams (React Native) the text is taken', async () => {
  const response = new Response('text');
  vi.spyOn(response, 'body', 'get').mockReturnValue(null);
  expect(await readText(response)).toBe('text');
});

describe('an answer that was read', () => {
  test.for([
    [new Response('{}', { status: 401, headers: { 'dpop-nonce': 'n' } }), 401],
    [new Response(null, { status: 204 }), 204],
    [{ status: 0, headers: new Headers() } as Response, 302],
  ] as const)('keeps status and headers: %#', async ([response, status]) => {
    const answer = answerOf(response, status === 401 ? '{}' : '');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('dpop-nonce')).toBe(status === 401 ? 'n' : null);
    expect(await answer.text()).toBe(status === 401 ? '{}' : '');
  });

  test('R37: what is missing in its JSON is missing', async () => {
    Object.assign(Object.prototype, { access_token: 'polluted' });
    try {
      const json = await answerOf(new Response(), '{"token_type":"Bearer"}').json();
      expect([json.access_token, json.token_type]).toEqual([undefined, 'Bearer']);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'access_token');
    }
  });

  test.for([0, -3, 'soon', null])('R10: has no lifetime where it says %j', async (expires_in) => {
    const text = JSON.stringify({ expires_in, refresh_token: 'r', scope: null });
    expect({ ...(await answerOf(new Response(), text).json()) }).toEqual({ refresh_token: 'r' });
  });

  test('R36, R37: has no member that says nothing, or what nobody understands', async () => {
    const text = JSON.stringify({
      refresh_token: '',
      id_token: 5,
      scope: ['openid'],
      expires_in: '',
      kept: [],
    });
    expect({ ...(await answerOf(new Response(), text).json()) }).toEqual({ kept: [] });
  });

  test('has what its members hold as it was sent', async () => {
    const authorization_details = [{ type: 'x', scope: ['a'], expires_in: 0, note: '', none: null }];
    const { json } = answerOf(new Response(), JSON.stringify({ authorization_details }));
    expect({ ...(await json()) }).toEqual({ authorization_details });
  });

  test.for([300, '300', 0.5])('R10: has the lifetime that it says, %j', async (expires_in) => {
    const { json } = answerOf(new Response(), JSON.stringify({ expires_in }));
    expect(await json()).toMatchObject({ expires_in });
  });
});
