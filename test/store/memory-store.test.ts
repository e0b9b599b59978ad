/** A store for several managers in one context. */
import { memoryStore } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createMemory } from '../../src/store/memory-store.ts';
import { createManager, createWorld } from '../support/world.ts';
import { runner } from './parts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let port = createMemory();

describeStore(
  'memoryStore',
  {
    says: { contexts: 'one' },
    open: () => port,
    reset() {
      port = createMemory();
    },
    pass: (ms) => vi.advanceTimersByTimeAsync(ms),
  },
  runner,
);

describe('R50: a memoryStore', () => {
  const open = (store = memoryStore()) => {
    const auth = createManager(createWorld(), { store });
    onTestFinished(() => auth.close());
    return auth;
  };

  test('R52: joins the managers that get it: a sign-in or sign-out of one is heard by the other at once', async () => {
    const store = memoryStore();
    const [a, b] = [open(store), open(store)];
    await b.ready;
    await a.signIn({ access_token: 'access-0' });
    await vi.advanceTimersByTimeAsync(0);
    expect([b.status, b.sessionId]).toEqual(['signed-in', a.sessionId]);
    await b.signOut();
    await vi.advanceTimersByTimeAsync(0);
    expect(a.status).toBe('signed-out');
  });

  test('is one session, and another memoryStore another one', async () => {
    const [a, b] = [open(), open()];
    await a.signIn({ access_token: 'access-0' });
    await b.ready;
    expect([a.status, b.status]).toEqual(['signed-in', 'signed-out']);
  });

  test('forgets the session with its last manager no more than before: whoever comes next has it', async () => {
    const store = memoryStore();
    const a = open(store);
    await a.signIn({ access_token: 'access-0' });
    a.close();
    const b = open(store);
    await b.ready;
    expect(b.tokens?.accessToken).toBe('access-0');
  });
});
