/** What an app sees of `evertoken/indexeddb`: sessions that survive a reload. */
import type { TokenManagerOptions } from 'evertoken';
import { createStore, set } from 'idb-keyval';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { indexedDbStorage } from '../../src/indexeddb/index.ts';
import { dump, type FakeDatabases, readable, stubIndexedDb } from '../support/databases.ts';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld } from '../support/world.ts';

const first = {
  access_token: 'secret-access',
  refresh_token: 'secret-refresh',
  id_token: 'secret-id',
  expires_in: 3600,
};

let fake: FakeDatabases;
beforeEach(() => {
  fake = stubIndexedDb();
});

/** A page that is opened: a manager on a storage of its own. */
async function open(options: Partial<TokenManagerOptions> = {}) {
  const world = createWorld();
  const auth = createManager(world, { storage: indexedDbStorage(), ...options });
  onTestFinished(() => auth.close());
  const told = record(auth);
  await auth.ready;
  return { world, auth, told };
}

describe('a session in indexedDbStorage()', () => {
  test('survives a reload whole, and is gone after a sign-out', async () => {
    const before = await open();
    await before.auth.signIn(first);
    const { tokens, sessionId } = before.auth;
    before.auth.close();

    const { auth, told, world } = await open();
    expect(auth.tokens).toEqual(tokens);
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBe('Bearer secret-access');
    expect(told).toEqual([['signed-in', { sessionId, expiresAt: tokens?.expiresAt, cause: 'restored' }]]);
    await auth.signOut();
    auth.close();

    expect(await indexedDbStorage().getItem('evertoken')).toBeUndefined();
    const after = await open();
    expect([after.auth.tokens, after.told]).toEqual([undefined, []]);
  });

  test('holds what the last refresh brought', async () => {
    const before = await open();
    await before.auth.signIn(first);
    await before.auth.refresh();
    before.auth.close();
    const { auth } = await open();
    expect(auth.tokens).toMatchObject({
      accessToken: 'access-1',
      refreshToken: 'refresh-1',
      idToken: 'secret-id',
    });
  });

  test('shows no token to whoever copies the whole storage', async () => {
    const { auth } = await open();
    await auth.signIn(first);
    expect(readable(await dump(fake.factory))).not.toMatch(/secret|accessToken|issuedAt/);
    expect(readable(auth.tokens)).toMatch(/secret-access.*secret-refresh.*secret-id/s);
  });

  test('is one of several under several names', async () => {
    const [a, b] = [await open({ name: 'a' }), await open({ name: 'b' })];
    await a.auth.signIn({ access_token: 'of-a' });
    await b.auth.signIn({ access_token: 'of-b' });
    await a.auth.signOut();
    const [againA, againB] = [await open({ name: 'a' }), await open({ name: 'b' })];
    expect([againA.auth.tokens, againB.auth.tokens?.accessToken]).toEqual([undefined, 'of-b']);
  });

  test('R52: that cannot be decrypted is reported, removed and treated as signed out', async () => {
    await set('evertoken', { any: 'thing' }, createStore('evertoken-storage', 'records'));
    const { auth, told, world } = await open();
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBeNull();
    expect(short(told)).toEqual(['storage-failed read']);
    expect(await indexedDbStorage().getItem('evertoken')).toBeUndefined();
    await auth.signIn(first);
    expect((await open()).auth.tokens?.accessToken).toBe('secret-access');
  });

  test.each<[string, () => void]>([
    [
      'blocked',
      () =>
        vi.spyOn(fake.factory, 'open').mockImplementation(() => {
          throw new DOMException('denied', 'SecurityError');
        }),
    ],
    ['missing', () => void vi.stubGlobal('indexedDB', undefined)],
    ['without crypto.subtle', () => void vi.stubGlobal('crypto', { randomUUID: () => 'id' })],
  ])('R53: where IndexedDB is %s lives in memory, and nothing is stored in plain', async (_how, spoil) => {
    spoil();
    const { auth, told, world } = await open();
    await auth.signIn(first);
    await auth.refresh();
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
    await auth.signOut();
    const facts = short(told).filter((event) => !event.startsWith('storage-failed'));
    expect(facts).toEqual(['signed-in local', 'token-refreshed manual', 'signed-out local']);
    expect(short(told)).toContain('storage-failed write');
    vi.restoreAllMocks();
    expect(readable(await dump(fake.factory))).not.toMatch(/secret|access-1|refresh-1|accessToken/);
  });
});
