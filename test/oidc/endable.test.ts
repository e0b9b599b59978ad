/** Work that may be over before it is done. */
import { expect, test, vi } from 'vitest';
import { endable } from '../../src/oidc/endable.ts';

const never = () => new Promise<never>(() => {});

test('work that ends is what it ends with, and what runs under its signal is over then', async () => {
  let own: AbortSignal | undefined;
  const done = endable(undefined, async (signal) => {
    own = signal;
    expect(signal.aborted).toBe(false);
    return 'done';
  });
  expect(await done).toBe('done');
  expect(own?.aborted).toBe(true);
  const failed = endable(undefined, async () => {
    throw new Error('failed');
  });
  await expect(failed).rejects.toThrow('failed');
});

test('a signal ends it at once with its own reason, whatever the work makes of it', async () => {
  const controller = new AbortController();
  const ending = vi.fn();
  const done = endable(controller.signal, (own) => {
    own.addEventListener('abort', ending);
    return never();
  });
  const reason = { any: 'thing' };
  controller.abort(reason);
  await expect(done).rejects.toBe(reason);
  expect(ending).toHaveBeenCalledOnce();
});

test('under a signal that is over nothing begins', async () => {
  const work = vi.fn(never);
  await expect(endable(AbortSignal.abort('late'), work)).rejects.toBe('late');
  expect(work).not.toHaveBeenCalled();
});

test('the work may be ended from within', async () => {
  const done = endable(undefined, (_own, end) => {
    end('enough');
    return never();
  });
  await expect(done).rejects.toBe('enough');
});

test('a signal that lives on is left as it was', async () => {
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  await endable(signal, async () => {});
  expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
    added.mock.calls.map(([, listener]) => listener),
  );
  expect(added).toHaveBeenCalledOnce();
});
