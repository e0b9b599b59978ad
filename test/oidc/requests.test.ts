/** Requests for tokens: lost answers, refusals, and when they are sent again. */
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { insistOn } from '../../src/oidc/requests.ts';

const URL = 'https://as.example.com/token';
const ok = () => Response.json({ access_token: 'a' });
const lost = () => Promise.reject(new TypeError('secret'));
const status = (status: number, headers: Record<string, string> = {}) =>
  new Response('x', { status, headers });

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** Each call gets the next answer; the outcome, and when the calls were made. */
async function play(attempts: number, ...answers: (() => Response | Promise<Response>)[]) {
  const at: number[] = [];
  const began = Date.now();
  const send = async () => {
    at.push(Date.now() - began);
    return (answers[at.length - 1] ?? lost)();
  };
  const settled = insistOn(send, attempts)(URL, {}).then(
    (response) => response.status,
    (error) => error,
  );
  await vi.runAllTimersAsync();
  return { outcome: await settled, at };
}

describe('a request that may be sent again', () => {
  test('R35: a lost answer is asked for at once, and once more after a moment', async () => {
    expect(await play(3, lost, ok)).toEqual({ outcome: 200, at: [0, 0] });
    expect(await play(3, lost, lost, ok)).toEqual({ outcome: 200, at: [0, 0, 300] });
    const { outcome, at } = await play(3);
    expect(outcome).toMatchObject({ code: 'unreachable', message: `unreachable: ${URL} (TypeError)` });
    expect(at).toHaveLength(3);
  });

  test('R35: an answer that breaks off is a lost one', async () => {
    const torn = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) }));
    expect(await play(3, torn, ok)).toEqual({ outcome: 200, at: [0, 0] });
  });

  test('R35: so is 5xx; any other refusal is final', async () => {
    expect((await play(3, () => status(503), ok)).outcome).toBe(200);
    for (const code of [400, 401, 403, 429]) {
      const { outcome, at } = await play(3, () => status(code), ok);
      expect(outcome).toMatchObject({ code: 'token-request-refused', status: code });
      expect(at).toHaveLength(1);
    }
  });

  test('R35: Retry-After is handed on, in seconds and as a date', async () => {
    vi.setSystemTime(1_000_000);
    for (const after of ['60', new Date(1_060_000).toUTCString()]) {
      const { outcome, at } = await play(3, () => status(503, { 'retry-after': after }), ok);
      expect(outcome).toMatchObject({ retryAt: 1_060_000 });
      expect(at).toHaveLength(1);
    }
    expect((await play(1, () => status(503, { 'retry-after': 'soon' }))).outcome.retryAt).toBeUndefined();
  });

  test.for(['99999999999', '1e20', '1'.repeat(20), new Date(7.25e12).toUTCString()])(
    'R35: Retry-After is obeyed for an hour at most: %s',
    async (after) => {
      vi.setSystemTime(1_000_000);
      const { outcome } = await play(3, () => status(503, { 'retry-after': after }), ok);
      expect(outcome).toMatchObject({ retryAt: 1_000_000 + 3_600_000 });
    },
  );

  test.for(['-5', ' ', 'soon'])('R35: a Retry-After that is none asks for nothing: %s', async (after) => {
    expect((await play(3, () => status(503, { 'retry-after': after }), ok)).outcome).toBe(200);
  });

  test('R33: nobody asks again once the signal has ended the wait', async () => {
    const controller = new AbortController();
    const send = vi.fn(() => {
      controller.abort();
      return lost();
    });
    const work = insistOn(send, 3)(URL, { signal: controller.signal }).catch((error) => error);
    expect(await work).toMatchObject({ code: 'unreachable' });
    expect(send).toHaveBeenCalledOnce();
  });
});

test('R32: nobody asks again once somebody has signed out', async () => {
  const send = vi.fn(lost);
  const signal = Object.assign(new AbortController().signal, { isOver: () => true });
  await expect(insistOn(send, 3)(URL, { signal })).rejects.toMatchObject({ code: 'unreachable' });
  expect(send).toHaveBeenCalledOnce();
});

describe('what the server says', () => {
  test.for([200, 400, 401, 403, 500])('R35: invalid_grant counts at status %s', async (status) => {
    const { outcome } = await play(1, () => Response.json({ error: 'invalid_grant' }, { status }));
    expect(outcome).toMatchObject({ error: 'invalid_grant', status });
  });

  test('is told by its name only', async () => {
    const body = { error: 'Secret token 123', error_description: 'secret' };
    const { outcome } = await play(1, () => Response.json(body, { status: 400 }));
    expect(outcome.error).toBeUndefined();
    expect(outcome.message).toBe('token request refused: 400');
    expect((await play(1, () => new Response('<html>', { status: 403 }))).outcome.status).toBe(403);
  });

  test('R37: of more than 1 MB is not read, and not asked for again', async () => {
    const huge = () => new Response('x'.repeat(1_000_001));
    expect((await play(3, huge, ok)).at).toHaveLength(1);
    const response = await insistOn(async () => huge(), 3)(URL, {});
    expect(await response.text()).toBe('more than 1 MB');
  });

  test.for([408, 429, 500, 503])('R35: %s says nothing of the request, whoever judges it', async (code) => {
    vi.setSystemTime(1_000_000);
    const { outcome, at } = await play(0, () => status(code, { 'retry-after': '60' }));
    const message = `unreachable: ${URL} answered ${code}`;
    expect(outcome).toMatchObject({ code: 'unreachable', status: code, retryAt: 1_060_000, message });
    expect(at).toHaveLength(1);
    expect((await play(0, () => status(404))).outcome).toBe(404);
  });

  test('a code is sent once, whatever happens', async () => {
    expect((await play(1, lost, ok)).at).toHaveLength(1);
  });
});
