import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, signedIn, watch } from '../support/attach.ts';
import { API, createManager, createWorld, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('getAccessToken', () => {
  test('answers what a request would carry; undefined: signed out', async () => {
    const auth = createManager(createWorld());
    expect(await auth.getAccessToken()).toBeUndefined();
    await auth.signIn({ access_token: 'a' });
    expect(await auth.getAccessToken()).toBe('a');
    expect(await auth.getAccessToken({ minValidity: undefined, signal: undefined })).toBe('a');
    await auth.signOut();
    expect(await auth.getAccessToken({ minValidity: 1_000 })).toBeUndefined();
  });

  test('R5: called while nobody is signed in it answers undefined, though a sign-in follows at once', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const [token, request] = [auth.getAccessToken(), auth.fetch(`${API}/public`)];
    await auth.signIn({ access_token: 'a' });
    expect(await token).toBeUndefined();
    await request;
    expect(world.api.map(({ authorization }) => authorization)).toEqual([null]);
  });

  test('R61: it rejects with closed, where a close() follows at once', async () => {
    const auth = createManager(createWorld());
    const calls = [auth.getAccessToken(), auth.fetch(API)];
    auth.close();
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'closed' });
  });

  test('a signal ends this wait at once, and never the shared refresh', async () => {
    const gate = deferred<{ access_token: string }>();
    const auth = createRecorded(createRecorder(), { refresh: () => gate.promise });
    await auth.signIn({ access_token: 'old', expires_in: 10 });
    await vi.advanceTimersByTimeAsync(20_000);
    const controller = new AbortController();
    const gone = watch(auth.getAccessToken({ signal: controller.signal }));
    const staying = watch(auth.getAccessToken());
    controller.abort('enough');
    await vi.advanceTimersByTimeAsync(0);
    expect(gone).toEqual({ isSettled: true, error: 'enough' });
    gate.resolve({ access_token: 'new' });
    await vi.advanceTimersByTimeAsync(0);
    expect(staying.value).toBe('new');
  });

  test('rejects with the reason of a signal that was aborted before', async () => {
    const auth = await signedIn(createWorld());
    await expect(auth.getAccessToken({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
  });

  test('that waits when the session ends rejects with session-changed', async () => {
    const auth = createRecorded(createRecorder(), { refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'old', expires_in: 10 });
    await vi.advanceTimersByTimeAsync(20_000);
    const waiting = watch(auth.getAccessToken());
    await vi.advanceTimersByTimeAsync(10);
    await auth.signOut();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.error).toMatchObject({ code: 'session-changed' });
  });

  test('rejects with refresh-failed when no good token can be had', async () => {
    const auth = createRecorded(createRecorder());
    await auth.signIn({ access_token: 'old', expires_in: 10 });
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'refresh-failed' });
  });
});
