/** A wait by whatever timer there is now. */
import { afterEach, expect, test, vi } from 'vitest';
import { wait } from '../../src/testing/wait.ts';

afterEach(() => void vi.useRealTimers());

test('fake timers that were switched on later rule it', async () => {
  vi.useFakeTimers();
  const done = vi.fn();
  wait(20_000).then(done);
  await vi.advanceTimersByTimeAsync(19_999);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toHaveBeenCalledOnce();
});
