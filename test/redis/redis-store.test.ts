/** A store in Redis: options, and managers that share a session. */
import { createTokenManager } from 'evertoken';
import { type RedisStoreOptions, redisStore } from 'evertoken/redis';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { hubOf } from '../../src/redis/hub.ts';
import { createServer, pass, refresh } from '../support/tabs.ts';
import { createFakeRedis } from './fake-redis.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const noop = () => {};

/** A client of the fake: what is asked of it is asked of its hub. */
function connect(redis = createFakeRedis()) {
  const client = { status: 'ready', eval: noop, pipeline: noop, duplicate: noop };
  const { wire } = redis.hub();
  hubOf(client, () => wire);
  return { redis, client: client as unknown as RedisStoreOptions['client'] };
}

describe('R50: managers with a store of the same name', () => {
  function open(options: RedisStoreOptions, server: ReturnType<typeof createServer>, name = 'tenant-42') {
    const auth = createTokenManager({
      refresh: Object.assign(refresh.bind(undefined), { id: 'tool' }),
      allow: 'https://api.example.com',
      fetch: server.fetch,
      store: redisStore(name, options),
    });
    onTestFinished(() => auth.close());
    return auth;
  }

  test('are one session, in two processes too, and another name is another one', async () => {
    const server = createServer();
    const { redis, client } = connect();
    const [a, b] = [open({ client }, server), open({ client: connect(redis).client }, server)];
    const other = open({ client }, server, 'tenant-43');
    await a.signIn(server.login());
    await pass(1_000);
    expect(b.tokens?.accessToken).toBe(a.tokens?.accessToken);
    expect(other.status).toBe('signed-out');
    server.deny();
    const answers = await Promise.all([a, b].map((auth) => auth.fetch('https://api.example.com/me')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
    await b.signOut();
    await pass(0);
    expect(a.status).toBe('signed-out');
  });

  test('R54: a refresh asks Redis three times, a request with a good token never, an idle manager has no timer', async () => {
    const server = createServer();
    const { redis, client } = connect();
    const auth = open({ client }, server);
    await auth.signIn(server.login());
    await pass(1_000);
    redis.calls.length = 0;
    await auth.fetch('https://api.example.com/me');
    expect([redis.calls, vi.getTimerCount()]).toEqual([[], 0]);
    await auth.refresh();
    await pass(1_000);
    expect(redis.calls.map(({ script }) => script)).toEqual(['read', 'replace', 'replace']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R58: with an encryptionKey nothing in Redis shows a token', async () => {
    const server = createServer();
    const { redis, client } = connect();
    const keys = [1, 2].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array];
    const auth = open({ client, encryptionKey: keys[0] }, server);
    await auth.signIn(server.login());
    await pass(0);
    const shown = JSON.stringify([...redis.entries.values(), redis.calls]);
    expect(shown).not.toMatch(/access-ann|refresh-ann/);
    const next = open({ client, encryptionKey: [keys[1], keys[0]] }, server);
    await next.ready;
    expect(next.tokens?.accessToken).toBe(auth.tokens?.accessToken);
  });

  test.each([
    ['another', new Uint8Array(32).fill(2)],
    ['no', undefined],
  ])('R53: %s encryptionKey is reported, and the session left alone', async (_what, encryptionKey) => {
    const server = createServer();
    const { redis, client } = connect();
    const auth = open({ client, encryptionKey: new Uint8Array(32).fill(1) }, server);
    await auth.signIn(server.login());
    const before = JSON.stringify([...redis.entries]);
    const other = open({ client, encryptionKey }, server);
    const failures: string[] = [];
    other.on('store-failed', ({ error }) => failures.push(error.message));
    await other.ready;
    await pass(1_000);
    expect([other.status, failures.length]).toEqual(['signed-out', 1]);
    expect(failures[0]).toMatch(/sealed with another key/);
    expect(JSON.stringify([...redis.entries])).toBe(before);
  });

  test('R51: an entry that was evicted is written back by whoever used it', async () => {
    const server = createServer();
    const { redis, client } = connect();
    const auth = open({ client }, server);
    await auth.signIn(server.login());
    redis.entries.clear();
    server.deny();
    expect((await auth.fetch('https://api.example.com/me')).status).toBe(200);
    expect([auth.status, redis.entries.size]).toEqual(['signed-in', 1]);
  });
});

describe('R53: while Redis cannot be reached', () => {
  test.each([
    [undefined, 'refresh-failed'],
    ['alone', 200],
  ] as const)('with whenDown %s a refresh ends with %s, and good tokens are used', async (whenDown, end) => {
    const server = createServer();
    const { redis, client } = connect();
    const auth = createTokenManager({
      ...{ refresh, allow: 'https://api.example.com', fetch: server.fetch },
      store: redisStore('tenant-42', { client, whenDown }),
    });
    onTestFinished(() => auth.close());
    const failed: string[] = [];
    auth.on('store-failed', ({ error }) => failed.push(error.message));
    await auth.signIn(server.login());
    redis.isReady = false;
    const send = async () => {
      const sent = auth.fetch('https://api.example.com/me').then(
        ({ status }) => status,
        (error) => error,
      );
      await pass(3_000);
      return sent;
    };
    expect(await send()).toBe(200);
    server.deny();
    const outcome = await send();
    if (end === 200) expect(outcome).toBe(200);
    else expect(outcome).toMatchObject({ code: end, retryAt: expect.any(Number) });
    expect(failed[0]).toMatch(/Redis cannot be reached/);
    redis.isReady = true;
    await pass(60_000);
    expect(await send()).toBe(200);
    expect(server.reused).toEqual([]);
  });
});

test.each<[string, unknown[], string]>([
  ['an empty name', ['', {}], 'redisStore.name is empty; expected string'],
  ['no name', [undefined, {}], 'redisStore.name is undefined; expected string'],
  ['half a character', ['a\ud800', {}], 'redisStore.name has half of a surrogate pair'],
  ['no options', ['a'], 'redisStore is undefined; expected object'],
  ['no client', ['a', {}], 'redisStore.client is undefined; expected object'],
  ['a URL', ['a', { client: 'redis://secret@host' }], 'redisStore.client is string; expected object'],
  ['another client', ['a', { client: {} }], 'redisStore.client is neither; expected a client of redis'],
  ['a misspelt option', ['a', { clinet: {} }], "redisStore.clinet is object; expected 'client', perhaps"],
  [
    'a wrong whenDown',
    ['a', { client: {}, whenDown: 'go' }],
    'redisStore.whenDown is string; expected undefined',
  ],
])('%s is refused by name', (_what, args, message) => {
  const create = () => redisStore(...(args as Parameters<typeof redisStore>));
  if (!__DEVELOPMENT__ && message.includes('perhaps')) return;
  expect(create).toThrow(TypeError);
  expect(create).toThrow(`evertoken: ${message}`);
  expect(create).not.toThrow(/secret@/);
});

test('a wrong encryptionKey is refused at once, before anything is stored', () => {
  const { client } = connect();
  expect(() => redisStore('a', { client, encryptionKey: new Uint8Array(16) })).toThrow(
    'evertoken: encryptionKey has 16 bytes',
  );
  for (const encryptionKey of ['secret', ''])
    expect(() => redisStore('a', { client, encryptionKey } as never)).toThrow(
      'expected 32 bytes (Uint8Array)',
    );
});

test.each(['tenant 42', '{tag}', 'Zürich/東京', '../x', '*', 'a:b'])(
  'the name %s is one like any other',
  (name) => {
    const { client } = connect();
    expect(() => redisStore(name, { client })).not.toThrow();
  },
);

test('two stores of one name count as one for the warning of too many managers', () => {
  const { client } = connect();
  const label = (name: string) => (redisStore(name, { client }) as { label?: string }).label;
  expect(label('x')).toBe(__DEVELOPMENT__ ? 'redis x' : undefined);
});
