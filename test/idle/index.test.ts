/** `evertoken/idle` where there is no page: in Node, and on a server that renders. */
import { signOutWhenIdle } from 'evertoken/idle';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createAuth, tokensOf } from '../support/react.ts';

const minute = 60_000;

async function start(options: Parameters<typeof signOutWhenIdle>[1]) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { auth } = createAuth();
  const stop = signOutWhenIdle(auth, options);
  onTestFinished(stop);
  await auth.signIn(tokensOf());
  return { auth, stop };
}

test('nobody is seen there, so nobody is idle', async () => {
  const onWarn = vi.fn();
  const { auth } = await start({ after: minute, onWarn });
  await vi.advanceTimersByTimeAsync(60 * minute);
  expect(auth.status).toBe('signed-in');
  expect(onWarn).not.toHaveBeenCalled();
});

test('the whole span counts', async () => {
  const onWarn = vi.fn();
  const { auth } = await start({ after: minute, maxAge: 60 * minute, warnBefore: 1_000, onWarn });
  await vi.advanceTimersByTimeAsync(59 * minute);
  expect(auth.status).toBe('signed-in');
  await vi.advanceTimersByTimeAsync(minute + 400);
  await vi.waitFor(() => expect(auth.status).toBe('signed-out'));
  expect(onWarn.mock.calls.at(-1)).toEqual([{ remaining: 0, cause: 'age' }]);
  // R13: no timer that keeps the process alive.
  expect(vi.getTimerCount()).toBeLessThan(2);
});
