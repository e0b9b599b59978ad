/** The recipes of docs/own-store.md, run as they stand there. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { createTokenManager, type StorePort, tokenStore } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runner } from '../store/parts.ts';
import { runRecipe } from '../support/recipe.ts';
import { createServer, ME, refresh } from '../support/tabs.ts';

const page = 'docs/own-store.md';

const { sessionRow } = runRecipe<{ sessionRow: (database: DatabaseSync, id: string) => StorePort }>(
  page,
  'A SQL table in twenty lines',
);

function createTable(path = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE sessions (id TEXT PRIMARY KEY, version TEXT NOT NULL, value TEXT NOT NULL)');
  return database;
}

/** Another process, which has begun to write, and is not done when it is told that somebody else wants to. */
const WRITER = `
const { DatabaseSync } = require('node:sqlite');
const { parentPort, workerData: { path, gate } } = require('node:worker_threads');
const database = new DatabaseSync(path);
database.exec('BEGIN IMMEDIATE');
parentPort.postMessage('begun');
Atomics.wait(gate, 0, 0);
const write = database.prepare("INSERT INTO sessions VALUES (?, '1', 'its')");
for (let i = 0; i < 1000; i++) write.run('user ' + i);
database.exec('COMMIT');
`;

let database = createTable();
describeStore(
  'R59: the SQL table of the docs',
  {
    says: {},
    reset() {
      database = createTable();
    },
    open: () => sessionRow(database, 'alice'),
    close: () => database.close(),
  },
  runner,
);

test('R50: managers over one row are one session, over another row another one', async () => {
  const table = createTable();
  const server = createServer();
  const open = (id: string) => {
    const auth = createTokenManager({
      ...{ refresh, allow: 'https://api.example.com', fetch: server.fetch },
      store: tokenStore(sessionRow(table, id)),
    });
    onTestFinished(() => auth.close());
    return auth;
  };
  const a = open('alice');
  await a.signIn(server.login());
  const [b, other] = [open('alice'), open('bob')];
  server.deny();
  const answers = await Promise.all([a.fetch(ME), a.fetch(ME)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  // The other one has no news of it: its old token is refused, and it finds the new one before its own refresh.
  expect((await b.fetch(ME)).status).toBe(200);
  await other.ready;
  expect([server.presented.length, server.reused, other.status]).toEqual([1, [], 'signed-out']);
});

test('R53: a process waits for another one that writes', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'evertoken-sql-')), 'sessions.db');
  onTestFinished(() => rmSync(dirname(path), { recursive: true }));
  const table = createTable(path);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const writer = new Worker(WRITER, { eval: true, workerData: { path, gate } });
  await once(writer, 'message');
  const port = sessionRow(table, 'alice');
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await expect(port.replace(undefined, { version: '1', value: 'mine' })).resolves.toBe(true);
  await once(writer, 'exit');
  table.close();
});

describe('a server that keeps the tokens in the cookie of the browser', () => {
  interface Kept {
    session: string;
    tokens: { accessToken: string; refreshToken?: string };
  }
  type Handle = (request: Request) => Promise<Response>;
  const recipe = () =>
    runRecipe<{
      serverOf(sealing: {
        seal(kept: Kept): Promise<string>;
        open(cookie: string | null): Promise<Kept | undefined>;
      }): Handle;
    }>(page, "A server that keeps the tokens in the browser's cookie", {});

  /** The recipe sends with the global fetch: here a strict server stands behind it. */
  function start() {
    const server = createServer({ lifetime: 3_600 });
    vi.stubGlobal('fetch', (async (input, init) => {
      const request = new Request(input, init);
      if (!request.url.startsWith('https://as.')) return server.fetch(ME, { headers: request.headers });
      const form = new URLSearchParams(await request.text());
      return server.fetch(request.url, { method: 'POST', body: `${form.get('refresh_token')}` });
    }) as typeof fetch);
    Reflect.deleteProperty(globalThis, Symbol.for('shop.managers'));
    // A framework may have the module several times in one process.
    const copies = [recipe(), recipe()].map(({ serverOf }) =>
      serverOf({
        seal: async (kept) => JSON.stringify(kept),
        open: async (cookie) => (cookie ? (JSON.parse(cookie) as Kept) : undefined),
      }),
    );
    let asked = 0;
    const handle: Handle = async (request) => copies[asked++ % 2]?.(request) ?? Response.error();
    const login = (session: string): Kept => {
      const { access_token: accessToken, refresh_token: refreshToken } = server.login();
      return { session, tokens: { accessToken, refreshToken } };
    };
    const send = async (kept?: Kept) => {
      const headers = kept ? { cookie: JSON.stringify(kept) } : {};
      const response = await handle(new Request('https://app.example.com/', { headers }));
      return { status: response.status, cookie: response.headers.get('set-cookie') };
    };
    return { server, login, send };
  }

  test('R31: five requests at once with a dead token refresh once, and all take the new cookie home', async () => {
    const { server, login, send } = start();
    const kept = login('a');
    expect(await send(kept)).toEqual({ status: 200, cookie: null });
    server.deny();
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(kept)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
    expect(new Set(answers.map(({ cookie }) => cookie)).size).toBe(1);
    const next = JSON.parse(`${answers[0]?.cookie}`) as Kept;
    expect(next.tokens.refreshToken).not.toBe(kept.tokens.refreshToken);
    // One that had left before the new cookie was there.
    expect((await send(kept)).status).toBe(200);
    expect(await send(next)).toEqual({ status: 200, cookie: null });
    expect(server.presented).toHaveLength(1);
  });

  test('R70: two sessions never mix; who has none is asked to sign in; one that is over loses its cookie', async () => {
    const { server, login, send } = start();
    const [a, b] = [login('a'), login('b')];
    expect(await Promise.all([send(a), send(b)])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(server.api).toEqual(expect.arrayContaining([a.tokens.accessToken, b.tokens.accessToken]));
    expect((await send()).status).toBe(401);
    const dead = { session: 'c', tokens: { accessToken: 'unknown', refreshToken: 'unknown' } };
    expect(await send(dead)).toEqual({ status: 401, cookie: 'session=; Max-Age=0; Path=/' });
  });
});
