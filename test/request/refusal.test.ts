import { afterEach, describe, expect, test, vi } from 'vitest';
import { Ending } from '../../src/platform/timers.ts';
import { takeCall } from '../../src/request/call.ts';
import { isRefused, type RefusalParts } from '../../src/request/refusal.ts';
import { type Target, targetOf } from '../../src/request/target.ts';
import type { Session } from '../../src/session/session.ts';
import { watchedBody } from '../support/bodies.ts';
import { follow, type Told } from '../support/recorder.ts';

afterEach(() => void vi.useRealTimers());

const url = 'https://api.example.com/me?q=1#top';

function setUp(isRejected?: RefusalParts['isRejected']) {
  const told: (Told | 'told')[] = [];
  const add: RefusalParts['add'] = (...entry) => told.push(entry);
  const report = vi.fn();
  const sessions = { current: {} as Session, closed: new Ending() };
  const summarize = (text: unknown) => new Error(`${text}`);
  const parts = { add, flush: () => told.push('told'), isRejected, report, summarize, sessions };
  const ask = (response: Response, signal?: AbortSignal) => {
    return isRefused(parts, takeCall(undefined, undefined, targetOf(url) as Target, 'GET', signal), response);
  };
  return { ask, told, report };
}
const answer = (status: number, challenge?: string) =>
  new Response('body', { status, headers: challenge ? { 'www-authenticate': challenge } : {} });
const redirected = (response: Response, to: string) =>
  Object.defineProperties(response, { redirected: { value: true }, url: { value: to } });

describe('R20: a refusal', () => {
  test.each([
    [401, undefined, true],
    [401, 'Bearer error="invalid_token"', true],
    [401, 'Bearer error="insufficient_user_authentication"', false],
    [401, 'Bearer error="insufficient_scope"', false],
    [401, 'Bearer error="insufficient_claims"', false],
    [403, undefined, false],
    [200, undefined, false],
    [500, undefined, false],
  ])('is %i with the challenge %s: %s', async (status, challenge, expected) => {
    expect(await setUp().ask(answer(status, challenge))).toBe(expected);
  });

  test.each([
    [401, 'Bearer error="insufficient_user_authentication", max_age=5'],
    [403, 'Bearer error="insufficient_scope", scope="write"'],
  ])(
    'that a refresh cannot cure (%i, %s) is told, with the place and no query',
    async (status, challenge) => {
      const { ask, told } = setUp();
      await ask(answer(status, challenge));
      const payload = {
        url: 'https://api.example.com/me',
        challenge: expect.objectContaining({ scheme: 'Bearer' }),
      };
      expect(told).toEqual([['step-up-required', payload], 'told']);
    },
  );

  test('R2: is none from beyond a cross-origin redirect, where the token was dropped', async () => {
    const { ask, told } = setUp();
    const challenge = 'Bearer error="insufficient_scope"';
    expect(await ask(redirected(answer(401), 'https://login.example.com/'))).toBe(false);
    expect(await ask(redirected(answer(401, challenge), 'https://login.example.com/'))).toBe(false);
    expect(told).toEqual([]);
    expect(await ask(redirected(answer(401), 'https://api.example.com/other'))).toBe(true);
  });
});

describe('R20: `isRejected`', () => {
  test('decides instead, over a copy that it may read, whose rest is not kept', async () => {
    const { ask } = setUp(async (copy) => (await copy.text()) === 'body');
    const response = answer(200);
    expect(await ask(response)).toBe(true);
    expect(await response.text()).toBe('body');
    const { response: long, seen } = watchedBody({ status: 401 });
    expect(await setUp(() => false).ask(long)).toBe(false);
    await long.body?.cancel();
    expect(seen.cancelled, 'both copies were given up').toBe(1);
  });

  test('that finds a refusal in a step-up makes it one, and nobody is told of another', async () => {
    const challenge = 'Bearer error="insufficient_scope"';
    const refused = setUp(() => true);
    expect([await refused.ask(answer(403, challenge)), refused.told]).toEqual([true, []]);
    const fine = setUp(() => false);
    expect([await fine.ask(answer(403, challenge)), fine.told.length]).toEqual([false, 2]);
  });

  test('is told what the answer would be by default, and of which request', async () => {
    const isRejected = vi.fn(() => false);
    const { ask } = setUp(isRejected);
    await ask(answer(401));
    await ask(answer(419));
    const about = { method: 'GET', url: 'https://api.example.com/me?q=1' };
    expect(isRejected.mock.calls).toEqual([
      [expect.any(Response), { ...about, byDefault: true }],
      [expect.any(Response), { ...about, byDefault: false }],
    ]);
  });

  test('that throws was not asked, and is reported', async () => {
    const { ask, report } = setUp(async (copy) => (await copy.json()).isDead);
    expect([await ask(answer(200)), await ask(answer(401))]).toEqual([false, true]);
    expect(report).toHaveBeenCalledTimes(2);
  });

  test('is waited for 5 s at most', async () => {
    vi.useFakeTimers();
    const { ask, report } = setUp(() => new Promise(() => {}));
    const asked = follow(ask(answer(401)));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(asked.state).toBe('pending');
    await vi.advanceTimersByTimeAsync(1);
    expect([asked.value, report.mock.calls.length]).toEqual([true, 1]);
  });

  test('is not asked about a successful event stream', async () => {
    const isRejected = vi.fn(() => true);
    const headers = { 'content-type': 'text/event-stream' };
    expect(await setUp(isRejected).ask(new Response('', { headers }))).toBe(false);
    expect(isRejected).not.toHaveBeenCalled();
  });

  test('R33: is waited for until the caller aborts', async () => {
    const { ask, report } = setUp(() => new Promise(() => {}));
    const controller = new AbortController();
    const asked = ask(answer(401), controller.signal);
    controller.abort('enough');
    await expect(asked).rejects.toBe('enough');
    expect(report).not.toHaveBeenCalled();
  });
});
