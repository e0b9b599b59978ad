import { expect, test, vi } from 'vitest';
import type { Held, Replacement } from '../src/contracts.ts';
import { TokenError } from '../src/errors.ts';
import { createSessions } from '../src/session.ts';
import type { RecordStore, StoredSession } from '../src/storage.ts';
import { follow, short, type Told } from './support/recorder.ts';
import { deferred } from './support/world.ts';

const held = (accessToken: string): Held => ({
  tokens: { accessToken, tokenType: 'Bearer' },
  issuedAt: 0,
  expiresAt: 1 / 0,
  aheadAt: 1 / 0,
  waitAt: 1 / 0,
});
const always = () => true;
const refreshed: Replacement = { cause: 'manual', startedAt: 0 };

function setUp(store: Partial<RecordStore> = {}) {
  const told: Told[] = [];
  const record: { now: StoredSession | undefined } = { now: undefined };
  const read = async () => record.now;
  const write = async (now?: StoredSession) => Object.assign(record, { now });
  const sessions = createSessions({ read, write, ...store }, { add: (...entry) => told.push(entry) });
  const signIn = (token: string) => sessions.open(always, held(token), 'local');
  return { sessions, told, record, signIn, token: () => sessions.current.held?.tokens.accessToken };
}

test('R30: a commit that does not find what it expects when its turn comes writes nothing', async () => {
  const { sessions, told, record, signIn, token } = setUp();
  await signIn('a');
  const { current } = sessions;
  const fits = () => current.version === 1;
  const both = ['b', 'c'].map((next) => sessions.replace(fits, () => held(next), refreshed));
  expect(await Promise.all(both)).toEqual([true, false]);
  expect([token(), record.now?.held, short(told).length]).toEqual(['b', current.held, 2]);
});

test('R39, R32: tokens are stored before they are used, and a sign-out meanwhile leaves none', async () => {
  const written = deferred();
  const record: string[] = [];
  const write = (next?: StoredSession) => {
    record.push(next?.held.tokens.accessToken ?? 'nothing');
    return next?.held.tokens.accessToken === 'b' ? written.promise : Promise.resolve();
  };
  const { sessions, signIn, told, token } = setUp({ write });
  await signIn('a');
  const { current } = sessions;
  const fits = () => sessions.current === current;
  const commit = sessions.replace(fits, () => held('b'), refreshed);
  await Promise.resolve();
  expect([record.at(-1), token()]).toEqual(['b', 'a']);
  const end = sessions.end('local');
  expect(token()).toBeUndefined();
  written.resolve();
  expect(await commit).toBe(false);
  await end;
  expect(record).toEqual(['a', 'b', 'nothing']);
  expect(short(told).at(-1)).toBe('signed-out local');
});

test('R32: a sign-out is not undone by stored tokens that are still being read', async () => {
  const reading = deferred<StoredSession>();
  const { sessions, signIn, token } = setUp({ read: () => reading.promise });
  await signIn('a');
  const { id = '' } = sessions.current;
  const sync = sessions.sync('other-context');
  await Promise.resolve();
  const end = sessions.end('local');
  reading.resolve({ id, n: 9, held: held('newer, from another context') });
  await Promise.all([sync, end]);
  expect(token()).toBeUndefined();
});

test('a session that ends while the next one is being stored does not take its record along', async () => {
  const { sessions, signIn, token, record, told } = setUp();
  await signIn('a');
  const next = signIn('b');
  await Promise.resolve();
  await Promise.all([next, sessions.end('ended')]);
  expect([token(), record.now?.held.tokens.accessToken]).toEqual(['b', 'b']);
  expect(short(told)).toEqual(['signed-in local', 'signed-out ended', 'signed-in local']);
});

test('R62: a sign-in ends the session before it for all who wait, an error leaves them to its finder', async () => {
  const { sessions, signIn, told } = setUp();
  await signIn('a');
  const was = sessions.current;
  await signIn('b');
  expect(short(told)).toEqual(['signed-in local', 'signed-out replaced', 'signed-in local']);
  expect(was.signal.reason).toMatchObject({ code: 'session-changed' });
  const { signal } = sessions.current;
  await sessions.end('ended', new TokenError('session-ended'));
  expect([signal.aborted, short(told).at(-1), sessions.current.isTried]).toEqual([
    false,
    'signed-out ended',
    true,
  ]);
});

test('R51, R8: newer stored tokens are adopted, older ones never; who waits for the first ones goes on', async () => {
  const { sessions, told, record, token } = setUp();
  const { signal } = sessions.current;
  const seen: unknown[] = [];
  for (const [id, n] of [
    ['x', 3],
    ['x', 3],
    ['x', 4],
    ['y', 4],
    ['y', 5],
  ] as const) {
    record.now = { id, n, held: held(`${id}${n}`) };
    await sessions.sync(n === 3 ? 'restored' : 'other-context');
    seen.push(token());
    if (n === 3) expect(signal.aborted).toBe(false);
  }
  expect(seen).toEqual(['x3', 'x3', 'x4', 'x4', 'y5']);
  const changes = [
    'signed-in restored',
    ...['token-refreshed', 'signed-out', 'signed-in'].map((e) => `${e} other-context`),
  ];
  expect(short(told)).toEqual(changes);
});

test('R61: after close() who waits is told, a commit under way goes on, and no session is born alive', async () => {
  vi.stubGlobal('crypto', undefined); // an id is made without it, too
  const { sessions, signIn, token } = setUp();
  const commit = signIn('a');
  const settled = follow(sessions.settled(null));
  sessions.close();
  expect(await commit).toBe(true);
  expect([token(), typeof sessions.current.id]).toEqual(['a', 'string']);
  expect(settled.value).toMatchObject({ code: 'closed' });
  expect(sessions.current.signal.reason).toBe(sessions.closed.reason);
});
