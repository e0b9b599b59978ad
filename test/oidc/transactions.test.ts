/** Sign-ins under way, each with its own entry. */
import { inspect } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  isForeign,
  save as saveFor,
  stamp as stampFor,
  take as takeFor,
} from '../../src/oidc/transactions.ts';
import { createWebStorage } from '../support/oidc-server.ts';

const HOUR = 3_600_000;
const transaction = {
  verifier: 'secret-verifier',
  expected: { expectedNonce: 'n', maxAge: 5 },
  returnTo: '/x',
};

const ID = 'https://as.example.com spa';
const stamp = (random: string, id = ID) => stampFor(random, id);
type Storage = Parameters<typeof saveFor>[0] extends () => infer S ? S : never;
const save = (storage: Storage, state: string, kept: typeof transaction, id = ID) =>
  saveFor(() => storage, state, id, kept);
const take = (storage: Storage, state: string, id = ID) => takeFor(() => storage, state, id);

let items: ReturnType<typeof createWebStorage>;
beforeEach(() => {
  items = createWebStorage();
});

function stopTheClock(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe('a sign-in under way', () => {
  test('comes back as it was, by its state', async () => {
    const state = stamp('one');
    await save(items, state, transaction);
    await save(items, stamp('two'), { ...transaction, returnTo: '/y' });
    expect(await take(items, state)).toEqual(transaction);
  });

  test('comes back once; then nothing secret is left of it', async () => {
    const state = stamp('one');
    await save(items, state, transaction);
    await take(items, state);
    await expect(take(items, state)).rejects.toMatchObject({ code: 'callback-used' });
    expect(JSON.stringify(items)).not.toContain('secret');
  });

  test('is unknown when it was damaged, and nothing of it is quoted', async () => {
    const state = stamp('one');
    for (const damaged of ['secret-verifier', '{"verifier":"secret', 'null']) {
      items[`evertoken.oidc.${state} ${ID}`] = damaged;
      const error = await take(items, state).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: 'OidcError', code: 'unknown-state' });
      expect(inspect(error)).not.toContain('secret');
    }
  });

  test('is unknown under any other state', async () => {
    await save(items, stamp('one'), transaction);
    for (const state of ['', 'forged', stamp('forged'), 'toString']) {
      await expect(take(items, state)).rejects.toMatchObject({ code: 'unknown-state' });
    }
  });

  test('is forgotten after an hour, and with the next sign-in it is gone', async () => {
    stopTheClock();
    const state = stamp('one');
    await save(items, state, transaction);
    vi.advanceTimersByTime(HOUR - 1);
    await save(items, stamp('two'), transaction);
    expect(Object.keys(items)).toHaveLength(2);
    vi.advanceTimersByTime(1);
    await expect(take(items, state)).rejects.toMatchObject({ code: 'unknown-state' });
    items.setItem('the app’s own', 'value');
    await save(items, stamp('three'), transaction);
    expect(Object.keys(items).some((key) => key.includes('.one.'))).toBe(false);
    expect(items.getItem('the app’s own')).toBe('value');
  });

  test('may be kept in any storage with the three methods, also one that takes its time', async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: async (key: string) => kept.get(key),
      setItem: async (key: string, value: string) => kept.set(key, value),
      removeItem: async (key: string) => kept.delete(key),
    };
    const state = stamp('one');
    await save(storage, state, transaction);
    expect(await take(storage, state)).toEqual(transaction);
  });
});

describe('RFC 9700 §4.4: a sign-in belongs to its issuer and client', () => {
  const OTHER = 'https://other.example.com spa';

  test('its state says so, without naming them', () => {
    const state = stamp('one');
    expect(isForeign(state, ID)).toBe(false);
    expect(isForeign(state, OTHER)).toBe(true);
    expect(isForeign(`${state}.popup`, ID)).toBe(false);
    expect(state).not.toMatch(/example|spa/);
    for (const forged of ['one', 'one.popup', `one.${Date.now()}.popup`])
      expect(isForeign(forged, ID)).toBe(false);
  });

  test('another client does not get it, even where the state says nothing', async () => {
    const state = stamp('one');
    await save(items, state, transaction);
    await expect(take(items, state, OTHER)).rejects.toMatchObject({ code: 'unknown-state' });
    expect(await take(items, state)).toEqual(transaction);
  });
});

describe('R70: a storage that fails', () => {
  const failing = Object.assign(new Error('secret-verifier'), {
    name: 'QuotaExceededError',
    value: 'secret',
  });
  const storage = {
    getItem: () => Promise.reject(failing),
    setItem: () => {
      throw failing;
    },
    removeItem: () => {},
  };

  test.for(['save', 'take'] as const)('is named and nothing more: %s', async (operation) => {
    const work =
      operation === 'save' ? save(storage, stamp('one'), transaction) : take(storage, stamp('one'));
    const error = await work.catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'storage-failed',
      message: 'storage failed: QuotaExceededError',
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  test('one that is not there says so: outside a page the option `storage` is needed', async () => {
    const forbidden = () => sessionStorage;
    await expect(saveFor(forbidden, stamp('one'), ID, transaction)).rejects.toMatchObject({
      code: 'storage-failed',
      message: 'storage failed: ReferenceError',
    });
  });
});
