import { memoryStorage, type TokenStorage } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const fresh = { access_token: 'fresh', refresh_token: 'fresh-refresh', expires_in: 3600 };
const me = `${API}/me`;

type Json = Record<string, unknown>;

function open(storage: TokenStorage) {
  const world = createWorld();
  const auth = createManager(world, { storage });
  return { world, auth, told: record(auth) };
}

/** What the store writes for a session. */
async function goodRecord(): Promise<Json> {
  const storage = memoryStorage();
  await open(storage).auth.signIn(first);
  return JSON.parse(`${await storage.getItem('evertoken')}`) as Json;
}

function stored(text: string): { storage: TokenStorage; read(): unknown } {
  const storage = memoryStorage();
  storage.setItem('evertoken', text);
  return { storage, read: () => storage.getItem('evertoken') };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R52: a damaged or foreign record', () => {
  test.each([
    '',
    'null',
    '1',
    '"text"',
    '[]',
    '{}',
    '{"v":1}',
    '{"v":"1"}',
    '{"v":0}',
    '{"v":1,"tokens":null}',
    '{"access_token":"x"}',
    'not json',
    '{"v":1,',
    '\u0000',
  ])('R52: %j is reported, removed and treated as signed out', async (text) => {
    const { storage, read } = stored(text);
    const { auth, told, world } = open(storage);
    const request = auth.fetch(me);
    await vi.advanceTimersByTimeAsync(10_000);
    await request;
    expect(auth.tokens).toBeUndefined();
    expect(world.api[0]?.authorization).toBeNull();
    expect(short(told)).toEqual(['storage-failed read']);
    expect(read() ?? null).toBeNull();
  });

  test.each([2, 7])('R52: one of version %d is reported and left alone until a sign-in', async (v) => {
    const { storage, read } = stored(JSON.stringify({ ...(await goodRecord()), v }));
    const before = read();
    const { auth, told } = open(storage);
    await vi.advanceTimersByTimeAsync(10_000);
    await auth.ready;
    expect(auth.tokens).toBeUndefined();
    expect(short(told)).toEqual(['storage-failed read']);
    expect(read()).toBe(before);
    await auth.signIn(fresh);
    const next = open(storage);
    await next.auth.ready;
    expect(next.auth.tokens?.accessToken).toBe('fresh');
  });

  test('R52: one of a newer version is removed by a sign-out', async () => {
    const { storage, read } = stored(JSON.stringify({ ...(await goodRecord()), v: 2 }));
    const { auth } = open(storage);
    await auth.ready;
    await auth.signOut();
    expect(read() ?? null).toBeNull();
  });

  test('R52: whichever field is damaged, the app can sign in and the new session survives', async () => {
    const whole = await goodRecord();
    const wrong = [null, '', 'x', -1, 0, 1.5, 1e300, true, [], {}, { x: 1 }];
    const names = Object.keys(whole).filter((name) => name !== 'v');
    const tokenNames = Object.keys(whole['tokens'] as Json);
    const damaged: [string, unknown, Json][] = wrong.flatMap((value) => [
      ...names.map((name): [string, unknown, Json] => [name, value, { ...whole, [name]: value }]),
      ...tokenNames.map((name): [string, unknown, Json] => [
        `tokens.${name}`,
        value,
        { ...whole, tokens: { ...(whole['tokens'] as Json), [name]: value } },
      ]),
    ]);
    const broken: unknown[] = [];
    for (const [name, value, text] of damaged) {
      const { storage } = stored(JSON.stringify(text));
      const one = open(storage);
      await one.auth.ready;
      const before = one.auth.tokens;
      const wellFormed = !before || (typeof before.accessToken === 'string' && before.accessToken !== '');
      await one.auth.signIn(fresh);
      await one.auth.refresh();
      one.auth.close();
      const two = open(storage);
      await two.auth.ready;
      if (!wellFormed || two.auth.tokens?.accessToken !== 'access-1') {
        broken.push([name, value, before, two.auth.tokens]);
      }
      two.auth.close();
    }
    expect(damaged.length).toBeGreaterThan(50);
    expect(broken).toEqual([]);
  });

  test('R52: a record whose moment of issue is damaged is no token that lives for ever', async () => {
    const whole = await goodRecord();
    for (const issuedAt of ['x', null, {}, true]) {
      const { storage } = stored(JSON.stringify({ ...whole, issuedAt }));
      const { auth, world } = open(storage);
      await vi.advanceTimersByTimeAsync(4_000_000);
      await auth.fetch(me);
      const carried = world.api[0]?.authorization;
      expect([issuedAt, carried === 'Bearer access-0']).toEqual([issuedAt, false]);
    }
  });
});

describe('R53: a storage that fails', () => {
  const broken = (): TokenStorage => {
    const fail = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    return { getItem: fail, setItem: fail, removeItem: fail };
  };
  const hanging = (): TokenStorage => {
    const hang = () => new Promise<never>(() => {});
    return { getItem: hang, setItem: hang, removeItem: hang };
  };

  test.each([
    ['throws', broken],
    ['hangs', hanging],
  ])('R53: one that %s leaves a working session in memory', async (_name, create) => {
    const { auth, told, world } = open(create());
    const steps = (async () => {
      await auth.signIn(first);
      await auth.fetch(me);
      await auth.refresh();
      await auth.fetch(me);
      await auth.signOut();
    })();
    await vi.advanceTimersByTimeAsync(60_000);
    await steps;
    expect(world.api.map(({ authorization }) => authorization)).toEqual([
      'Bearer access-0',
      'Bearer access-1',
    ]);
    const facts = short(told).filter((event) => !event.startsWith('storage-failed'));
    expect(facts).toEqual(['signed-in local', 'token-refreshed manual', 'signed-out local']);
    expect(new Set(short(told).filter((event) => event.startsWith('storage-failed')))).toEqual(
      new Set(['storage-failed read', 'storage-failed write', 'storage-failed remove']),
    );
  });

  test('R39: what could not be stored is used, and a later read of the older record does not replace it', async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    vi.stubGlobal('document', page);
    const inner = memoryStorage();
    let isFull = false;
    const { auth, told, world } = open({
      ...inner,
      setItem: (key, value) => {
        if (isFull) throw new Error('full');
        inner.setItem(key, value);
      },
    });
    await auth.signIn(first);
    isFull = true;
    await auth.refresh();
    expect(auth.tokens?.accessToken).toBe('access-1');
    page.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(1_000);
    await auth.fetch(me);
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
    await auth.refresh();
    expect(world.refreshes[1]?.body).toContain('refresh-1');
    expect(short(told)).toEqual([
      'signed-in local',
      'storage-failed write',
      'token-refreshed manual',
      'storage-failed write',
      'token-refreshed manual',
    ]);
  });
});
