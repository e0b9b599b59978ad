import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  listen,
  login,
  ME,
  names,
  outcome,
  ownRefresh,
  payloads,
  settle,
  signedIn,
  status,
  stubWindow,
} from '../support/refresh.ts';
import { moodyStorage } from '../support/storages.ts';
import { createManager, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const key = 'evertoken';

/** The record that a sign-in leaves behind. */
async function storedRecord(): Promise<string> {
  const { storage, items } = moodyStorage();
  const { auth } = await signedIn({ storage });
  auth.close();
  return `${items.get(key)}`;
}

/** A manager that finds this record when it starts. */
async function finding(record: string) {
  const kit = moodyStorage(new Map([[key, record]]));
  const world = createWorld();
  const auth = createManager(world, { storage: kit.storage });
  const heard = listen(auth);
  const ready = auth.ready;
  await pass(10_000);
  await ready;
  return { ...kit, world, auth, heard };
}

const newer = JSON.stringify({ v: 2, secret: 'future-token', sessions: [] });

describe('a stored session', () => {
  test('R39, R52: is restored with one event, and its refresh token is used', async () => {
    const { auth, heard, world } = await finding(await storedRecord());
    expect(auth.tokens).toMatchObject({ accessToken: 'access-0', refreshToken: 'refresh-0' });
    expect(heard).toEqual([
      ['signed-in', { sessionId: auth.sessionId, expiresAt: auth.tokens?.expiresAt, cause: 'restored' }],
    ]);
    await auth.refresh();
    expect(world.refreshes[0]?.body).toContain('refresh-0');
  });

  test('R52: is JSON with `v: 1`, under the manager’s name', async () => {
    expect(JSON.parse(await storedRecord())).toMatchObject({ v: 1 });
  });
});

describe('a damaged or foreign record', () => {
  test.each<[string, (record: string) => string]>([
    ['half a record', (record) => record.slice(0, record.length / 2)],
    ['no text at all', () => ''],
    ['no JSON', () => 'future-token, not JSON'],
    ['null', () => 'null'],
    ['an array', () => '[]'],
    ['a text', () => '"future-token"'],
    ['a number', () => '1'],
    ['somebody else’s object', () => '{"token":"future-token"}'],
    ['a record without a version', (record) => record.replace('"v":1,', '')],
    ['version 0', (record) => record.replace('"v":1', '"v":0')],
    ['a version that is a text', (record) => record.replace('"v":1', '"v":"one"')],
    ['only a version', () => '{"v":1}'],
    ['an access token that is a number', (record) => record.replace('"access-0"', '17')],
    ['an empty access token', (record) => record.replace('"access-0"', '""')],
    ['an access token that breaks a header', (record) => record.replace('"access-0"', '"a\\r\\nb: c"')],
    ['tokens that are null', (record) => record.replace(/\{"accessToken".*?\}/, 'null')],
  ])('R52: %s is reported, removed, and treated as signed out', async (_, damage) => {
    const { auth, heard, items, world } = await finding(damage(await storedRecord()));
    expect(payloads(heard, 'storage-failed').map(({ operation }) => operation)).toEqual(['read']);
    expect(names(heard)).not.toContain('signed-in');
    expect(items.has(key)).toBe(false);
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.api[0]?.authorization).toBeNull();
    await auth.signIn(login());
    expect(await auth.getAccessToken()).toBe('access-0');
    expect(items.has(key)).toBe(true);
  });

  test('R52, R70: the report does not quote the record', async () => {
    const { heard } = await finding('future-token, not JSON');
    expect(inspect(heard, { depth: null, showHidden: true })).not.toContain('future-token');
  });

  test('R52: one that a second read finds whole is not removed', async () => {
    const record = await storedRecord();
    let reads = 0;
    const removeItem = vi.fn();
    const storage = { getItem: () => (reads++ ? record : record.slice(0, 30)), setItem: vi.fn(), removeItem };
    const auth = createManager(createWorld(), { storage });
    await pass(10_000);
    expect(removeItem).not.toHaveBeenCalled();
    expect(auth.tokens?.accessToken).toBe('access-0');
  });
});

describe('a record of a newer version', () => {
  test('R52: is reported and left alone, and means signed out', async () => {
    const { auth, heard, items, world } = await finding(newer);
    expect(payloads(heard, 'storage-failed').map(({ operation }) => operation)).toEqual(['read']);
    expect(items.get(key)).toBe(newer);
    expect(auth.tokens).toBeUndefined();
    expect(await outcome(auth.refresh())).toBe('session-ended');
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.api[0]?.authorization).toBeNull();
    expect(items.get(key)).toBe(newer);
  });

  test('R52, R70: the report does not quote it', async () => {
    const { heard } = await finding(newer);
    expect(inspect(heard, { depth: null, showHidden: true })).not.toContain('future-token');
  });

  test('R52: an explicit sign-in replaces it', async () => {
    const { auth, items } = await finding(newer);
    await auth.signIn(login());
    expect(items.get(key)).toContain('access-0');
    expect(await auth.getAccessToken()).toBe('access-0');
  });

  test('R52: an explicit sign-out removes it', async () => {
    const { auth, items } = await finding(newer);
    await auth.signOut();
    expect(items.get(key) ?? '').not.toContain('future-token');
  });

  test('R52: found when the page comes back, it makes this context drop its own copy', async () => {
    const window = stubWindow();
    const { storage, items } = moodyStorage();
    const { auth, heard } = await signedIn({ storage });
    items.set(key, newer);
    window.dispatchEvent(new Event('online'));
    await pass(10_000);
    expect(auth.tokens).toBeUndefined();
    expect(items.get(key)).toBe(newer);
    expect(names(heard)).toEqual(expect.arrayContaining(['storage-failed', 'signed-out']));
  });

  test('R52: found before a refresh, it is not overwritten, and the old refresh token is not presented', async () => {
    const { storage, items } = moodyStorage();
    const { auth, world } = await signedIn({ storage });
    items.set(key, newer);
    const result = outcome(auth.refresh());
    await pass(10_000);
    expect(await result).not.toBe('resolved');
    expect(items.get(key)).toBe(newer);
    expect(world.refreshes).toHaveLength(0);
    expect(auth.tokens).toBeUndefined();
  });
});

describe('newer tokens in the record', () => {
  /** A manager, and the record that another context would leave after a refresh of the same session. */
  async function overtaken() {
    const { storage, items } = moodyStorage();
    const own = ownRefresh();
    const { auth, heard } = await signedIn({ storage, refresh: own.refresh });
    const theirs = new Map(items);
    const other = createManager(createWorld(), { storage: moodyStorage(theirs).storage });
    await other.refresh();
    other.close();
    const overtake = () => items.set(key, `${theirs.get(key)}`);
    return { auth, own, heard, overtake };
  }

  test('R35: `invalid_grant` for a token that another context replaced ends nothing', async () => {
    const { auth, own, heard, overtake } = await overtaken();
    const result = auth.refresh();
    await settle();
    overtake();
    own.calls[0]?.reject({ error: 'invalid_grant' });
    await pass(5_000);
    expect((await result).accessToken).toBe('access-1');
    expect(names(heard)).toEqual(['token-refreshed']);
    expect(payloads(heard, 'token-refreshed')[0]?.cause).toBe('other-context');
  });

  test('R31: they are adopted behind the lock, and nothing is sent', async () => {
    const { auth, own, overtake } = await overtaken();
    overtake();
    expect((await auth.refresh()).accessToken).toBe('access-1');
    expect(own.calls).toHaveLength(0);
  });
});
