import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { textOf } from '../src/bounded.ts';

/** A body that never ends, and what has been asked of it. */
function endless(cancel: () => unknown = () => {}) {
  const stream = {
    pulled: 0,
    cancelled: false,
    body: new ReadableStream<Uint8Array>({
      pull(controller) {
        stream.pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
      cancel() {
        stream.cancelled = true;
        return cancel() as undefined;
      },
    }),
  };
  return stream;
}

test('a body is read as `text()` reads it: characters that are cut in two, a byte order mark, no body', async () => {
  const bytes = new TextEncoder().encode('\uFEFF{"name":"é€😀"}');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await textOf(new Response(body))).toBe(await new Response(bytes).text());
  expect(await textOf(new Response(Uint8Array.of(0xc3)))).toBe('\uFFFD');
  expect(await textOf(new Response(null, { status: 204 }))).toBe('');
});

test('R37: of a body that never ends 1 MB is read, and the rest is cancelled', async () => {
  const stream = endless();
  expect(await textOf(new Response(stream.body))).toBeUndefined();
  expect(stream.cancelled).toBe(true);
  expect(stream.pulled).toBeLessThan(1_300_000);
});

test('R37: 1 MB is taken, a byte more is not', async () => {
  expect((await textOf(new Response('x'.repeat(1_000_000))))?.length).toBe(1_000_000);
  expect(await textOf(new Response('x'.repeat(1_000_001)))).toBeUndefined();
  // Bytes, not characters.
  expect(await textOf(new Response('é'.repeat(6)), 11)).toBeUndefined();
  expect(await textOf(new Response('é'.repeat(6)), 12)).toBe('é'.repeat(6));
});

test('R37: a gzip bomb is not unpacked', async () => {
  let unpacked = 0;
  const bomb = new Blob([gzipSync(new Uint8Array(64_000_000))]);
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      unpacked += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const body = bomb.stream().pipeThrough(new DecompressionStream('gzip')).pipeThrough(count);
  expect(await textOf(new Response(body))).toBeUndefined();
  expect(unpacked).toBeLessThan(4_000_000);
});

test.each([
  ['hangs', () => new Promise(() => {})],
  ['fails', () => Promise.reject(new Error('gone'))],
])('R37: a cancel that %s holds nobody up', async (_what, cancel) => {
  const stream = endless(cancel);
  expect(await textOf(new Response(stream.body))).toBeUndefined();
  expect(stream.cancelled).toBe(true);
  expect(stream.pulled).toBeLessThan(1_300_000);
});

test('a body that breaks off rejects', async () => {
  const body = new ReadableStream({ pull: () => Promise.reject(new TypeError('terminated')) });
  await expect(textOf(new Response(body))).rejects.toThrow('terminated');
});

test('R14: where an answer has no stream, or nobody can decode one, it is read whole', async () => {
  const native = (text: string) => ({ text: async () => text }) as Response;
  expect(await textOf(native('{}'))).toBe('{}');
  expect(await textOf(native('x'.repeat(1_000_001)))).toBeUndefined();
  // The platform loads what it reads with at the first use.
  await new Response('').text();
  vi.stubGlobal('TextDecoder', undefined);
  expect(await textOf(new Response('{}'))).toBe('{}');
});
