import { afterEach, describe, expect, test, vi } from 'vitest';
import { boundedCopy, discard, isEventStream } from '../../src/request/bounded-copy.ts';
import { watchedBody } from '../support/bodies.ts';

afterEach(() => void vi.unstubAllGlobals());

describe('R20, R40: a copy', () => {
  test('is the answer, and leaves the answer whole', async () => {
    const response = Response.json({ a: 1 }, { status: 203, headers: { 'x-a': 'b' } });
    Object.defineProperties(response, {
      url: { value: 'https://a.test/' },
      redirected: { value: true },
    });
    const [copy] = boundedCopy(response);
    const { status, url, redirected, headers } = copy;
    expect([status, url, redirected, headers.get('x-a')]).toEqual([203, 'https://a.test/', true, 'b']);
    expect([await copy.json(), await response.json()]).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test.each([1 << 20, (1 << 20) + 1, 3_000_000])('of %i bytes ends after 1 MB', async (length) => {
    const response = new Response('x'.repeat(length));
    expect((await boundedCopy(response)[0].arrayBuffer()).byteLength).toBe(Math.min(length, 1 << 20));
    expect((await response.text()).length).toBe(length);
  });

  test('of an answer without a body, and where there are no streams, is a plain one', async () => {
    expect(await boundedCopy(new Response(null, { status: 204 }))[0].text()).toBe('');
    vi.stubGlobal('TransformStream', undefined);
    expect(await boundedCopy(new Response('x'))[0].text()).toBe('x');
  });
});

test('R40: once it is given up, also while somebody reads it, cancelling the response ends the source', async () => {
  const { response, seen } = watchedBody({ status: 200 });
  const [copy, release] = boundedCopy(response);
  const reading = copy.text();
  release();
  await response.body?.cancel();
  expect([await reading, seen.cancelled]).toEqual([expect.any(String), 1]);
});

test('R25: a response that is not handed on gives its body up, and one without a body does no harm', () => {
  const { response, seen } = watchedBody({ status: 401 });
  discard(response);
  discard(new Response(null));
  expect(seen.cancelled).toBe(1);
});

test.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; charset=utf-8', true],
  ['text/event-streams', false],
  ['application/json', false],
])('R40: %s is an event stream: %s', (type, expected) => {
  expect(isEventStream(new Response('', { headers: { 'content-type': type } }))).toBe(expected);
});
