/** The code of docs/websockets.md, run as it stands there against real servers. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TokenManager } from 'evertoken';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import * as graphqlWs from 'graphql-ws';
import { useServer as serveGraphqlWs } from 'graphql-ws/use/ws';
import { Server } from 'socket.io';
import * as socketIo from 'socket.io-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as ws from 'ws';
import { startBackend } from '../test/support/backend.ts';
import { runRecipe } from '../test/support/recipe.ts';

const SOCKETS = 20;

interface Recipe<T> {
  auth: TokenManager;
  connect(url: string): T;
}

/** What a socket server knows, whatever its protocol. */
interface Sockets {
  readonly url: string;
  /** How often a token was refused. */
  refused: number;
  /** The newest token of each open socket. */
  readonly tokens: Map<unknown, string>;
}

type Accepts = (token: string | undefined) => boolean;

const modules = { 'graphql-ws': graphqlWs, 'socket.io-client': socketIo, ws };

/** A user who is signed in with a token that the server no longer accepts. */
async function start<T>(heading: string, serve: (accepts: Accepts) => Promise<Sockets>) {
  const backend = await startBackend();
  onTestFinished(backend[Symbol.asyncDispose]);
  const sockets = await serve(backend.accepts);
  const replaced = { 'https://as.example.com': backend.origin };
  const { auth, connect } = runRecipe<Recipe<T>>('docs/websockets.md', heading, replaced, modules);
  onTestFinished(() => auth.close());
  await auth.signIn(backend.issue());
  backend.denyAll();
  const connectOne = () => connect(sockets.url);
  const connectAll = () => Array.from({ length: SOCKETS }, connectOne);
  const heldBy = () => [...sockets.tokens.values()];
  return { backend, sockets, auth, connectOne, connectAll, heldBy };
}

const everybody = (token: string | undefined) => Array<unknown>(SOCKETS).fill(token);

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const open = new Set<Socket>();
  server.on('connection', (socket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @param withHeader - The token comes with the handshake, else with the first message. */
async function servePlain(accepts: Accepts, withHeader: boolean): Promise<Sockets> {
  const server = createServer();
  const sockets: Sockets = { url: `ws://${await listen(server)}`, refused: 0, tokens: new Map() };
  function judge(token: string | undefined): boolean {
    if (!accepts(token)) sockets.refused++;
    return accepts(token);
  }
  const tokenOf = (header = '') => header.replace('Bearer ', '');
  const plain = new ws.WebSocketServer({
    server,
    verifyClient: ({ req }, answer) => answer(!withHeader || judge(tokenOf(req.headers.authorization)), 401),
  });
  plain.on('connection', (socket, { headers }) => {
    if (withHeader) sockets.tokens.set(socket, tokenOf(headers.authorization));
    socket.on('close', () => sockets.tokens.delete(socket));
    socket.on('message', (data) => {
      const { token } = JSON.parse(`${data}`) as { token: string };
      if (!judge(token)) return socket.close(4401);
      sockets.tokens.set(socket, token);
      return socket.send('accepted');
    });
  });
  return sockets;
}

test.for([
  { heading: 'A WebSocket of the platform', withHeader: false },
  { heading: 'ws, with a header', withHeader: true },
])(
  'R22: docs/websockets.md, $heading: twenty refused sockets are one refresh',
  async ({ heading, withHeader }) => {
    type Closable = { close(): void };
    const serve = (accepts: Accepts) => servePlain(accepts, withHeader);
    const { backend, sockets, auth, connectAll, heldBy } = await start<Promise<Closable>>(heading, serve);
    const open = await Promise.all(connectAll());
    expect([sockets.refused, backend.stats.refreshes]).toEqual([SOCKETS, 1]);
    expect(heldBy()).toEqual(everybody('access-2'));

    await auth.refresh();
    await expect.poll(heldBy).toEqual(everybody('access-3'));
    expect(sockets.refused).toBe(SOCKETS);

    open[0]?.close();
    await expect.poll(heldBy).toHaveLength(SOCKETS - 1);
    // Nobody speaks to a socket that is closed.
    await auth.refresh();
    await expect.poll(heldBy).toEqual(everybody('access-4').slice(1));
    await auth.signOut();
    await expect.poll(heldBy).toEqual([]);
    expect(backend.stats).toMatchObject({ refreshes: 3, reuse: 0 });
  },
);

test.for([
  { heading: 'A WebSocket of the platform', withHeader: false },
  { heading: 'ws, with a header', withHeader: true },
])(
  'docs/websockets.md, $heading: a server that refuses everything is asked twice, with one refresh between',
  async ({ heading, withHeader }) => {
    const { backend, sockets, connectAll } = await start<Promise<unknown>>(heading, () =>
      servePlain(() => false, withHeader),
    );
    const outcomes = await Promise.allSettled(connectAll());
    expect(new Set(outcomes.map((one) => one.status === 'rejected' && one.reason.message))).toEqual(
      new Set(['the server refuses a new token, too']),
    );
    expect([sockets.refused, backend.stats.refreshes]).toEqual([2 * SOCKETS, 1]);
  },
);

const leave = (auth: TokenManager) => auth.signOut();
const another = (auth: TokenManager) => auth.signIn({ accessToken: 'of somebody else', expiresIn: 300 });

test.for([
  { heading: 'A WebSocket of the platform', withHeader: false, what: 'the user signs out', change: leave },
  {
    heading: 'A WebSocket of the platform',
    withHeader: false,
    what: 'another user signs in',
    change: another,
  },
  { heading: 'ws, with a header', withHeader: true, what: 'the user signs out', change: leave },
  { heading: 'ws, with a header', withHeader: true, what: 'another user signs in', change: another },
])(
  'R32: docs/websockets.md, $heading: while a socket opens $what, and it is closed',
  async ({ heading, withHeader, change }) => {
    const seen: (string | undefined)[] = [];
    const { auth, connectOne, heldBy } = await start<Promise<unknown>>(heading, () =>
      servePlain((token) => {
        if (seen.push(token) === 1) void change(auth);
        return true;
      }, withHeader),
    );
    await connectOne();
    await expect.poll(heldBy).toEqual([]);
    expect(new Set(seen)).toEqual(new Set(['access-1']));
  },
);

/** One subscription, which tells the token of its connection. */
async function serveGraphql(accepts: Accepts): Promise<Sockets> {
  const server = createServer();
  const sockets: Sockets = { url: `ws://${await listen(server)}`, refused: 0, tokens: new Map() };
  /** Tells the token once, and then nothing until it is ended. */
  function subscribe(_source: unknown, _args: unknown, { token }: { token: string }) {
    const values = [{ token }];
    const subscription: AsyncIterableIterator<unknown> = {
      [Symbol.asyncIterator]: () => subscription,
      next: async () => ({ value: values.pop() ?? (await new Promise(() => {})) }),
      return: async () => ({ value: undefined, done: true }),
    };
    return subscription;
  }
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { token: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { token: { type: GraphQLString, subscribe } },
    }),
  });
  const tokenOf = ({ connectionParams }: { connectionParams?: Record<string, unknown> | undefined }) =>
    connectionParams?.['token'] as string;
  serveGraphqlWs(
    {
      schema,
      context: (context) => ({ token: tokenOf(context) }),
      onConnect(context) {
        const token = tokenOf(context);
        const { socket } = context.extra;
        socket.once('close', () => sockets.tokens.delete(socket));
        if (accepts(token)) sockets.tokens.set(socket, token);
        else sockets.refused++;
        return accepts(token);
      },
    },
    new ws.WebSocketServer({ server }),
  );
  return sockets;
}

test('R22: docs/websockets.md, graphql-ws: twenty refused clients are one refresh, and subscribe again with each new token', async () => {
  const { backend, sockets, auth, connectAll, heldBy } = await start<graphqlWs.Client>(
    'graphql-ws',
    serveGraphql,
  );
  const told = Array.from({ length: SOCKETS }, () => [] as unknown[]);
  const ended: unknown[] = [];
  for (const [index, client] of connectAll().entries()) {
    client.subscribe<{ token: string }>(
      { query: 'subscription { token }' },
      {
        next: ({ data }) => void told[index]?.push(data?.token),
        error: (error) => void ended.push(error),
        complete: () => void ended.push('complete'),
      },
    );
  }
  await expect.poll(() => told).toEqual(everybody('access-2').map((token) => [token]));
  // Who was late has the new token at once.
  const { refused } = sockets;
  expect(refused).toBeLessThanOrEqual(SOCKETS);
  expect(backend.stats.refreshes).toBe(1);

  await auth.refresh();
  await expect.poll(() => told).toEqual(everybody('access-3').map((token) => ['access-2', token]));
  await expect.poll(heldBy).toEqual(everybody('access-3'));
  expect(sockets.refused).toBe(refused);
  expect(ended).toEqual([]);

  await auth.signOut();
  await expect.poll(heldBy).toEqual([]);
  expect(backend.stats).toMatchObject({ refreshes: 2, reuse: 0 });
});

/** The authorization server refuses to say anything, until a refresh has failed of it. */
function stumble(auth: TokenManager): void {
  const { fetch } = globalThis;
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal('fetch', async () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 }));
  auth.on('refresh-failed', () => void vi.stubGlobal('fetch', fetch));
}

test('R35: docs/websockets.md, graphql-ws: a refresh that fails once ends no subscription', async () => {
  const { backend, auth, connectOne, heldBy } = await start<graphqlWs.Client>('graphql-ws', serveGraphql);
  stumble(auth);
  const ended: unknown[] = [];
  const failed = new Promise((resolve) => auth.on('refresh-failed', resolve));
  const client = connectOne();
  client.subscribe(
    { query: 'subscription { token }' },
    { next: () => {}, error: (error) => void ended.push(error), complete: () => void ended.push('complete') },
  );
  await failed;
  await expect.poll(heldBy).toEqual(['access-2']);
  expect([ended, backend.stats.refreshes]).toEqual([[], 1]);
  await client.dispose();
});

test('docs/websockets.md, graphql-ws: a server that refuses everything causes one refresh, however often it is tried', async () => {
  const { backend, sockets, connectAll } = await start<graphqlWs.Client>('graphql-ws', () =>
    serveGraphql(() => false),
  );
  // Nobody connects but who subscribes.
  const [client] = connectAll();
  client?.subscribe(
    { query: 'subscription { token }' },
    { next: () => {}, error: () => {}, complete: () => {} },
  );
  // The first attempt, one at once with the new token, and one that was waited for.
  await expect.poll(() => sockets.refused).toBeGreaterThanOrEqual(3);
  await client?.dispose();
  expect(backend.stats).toMatchObject({ refreshes: 1, reuse: 0 });
});

async function serveSocketIo(accepts: Accepts): Promise<Sockets> {
  const server = createServer();
  const sockets: Sockets = { url: `http://${await listen(server)}`, refused: 0, tokens: new Map() };
  const all = new Server(server);
  onTestFinished(() => all.close());
  function judge(token: string): boolean {
    if (!accepts(token)) sockets.refused++;
    return accepts(token);
  }
  all.use(({ handshake }, next) =>
    judge(handshake.auth['token']) ? next() : next(new Error('unauthorized')),
  );
  all.on('connection', (socket) => {
    sockets.tokens.set(socket, socket.handshake.auth['token']);
    socket.on('disconnect', () => sockets.tokens.delete(socket));
    socket.on('authenticate', (token) => {
      if (judge(token)) sockets.tokens.set(socket, token);
      else socket.disconnect();
    });
  });
  return sockets;
}

test('R22: docs/websockets.md, socket.io: twenty refused clients are one refresh, and say each new token', async () => {
  const { backend, sockets, auth, connectAll, heldBy } = await start<socketIo.Socket>(
    'socket.io',
    serveSocketIo,
  );
  connectAll();
  await expect.poll(heldBy).toEqual(everybody('access-2'));
  expect([sockets.refused, backend.stats.refreshes]).toEqual([SOCKETS, 1]);

  await auth.refresh();
  await expect.poll(heldBy).toEqual(everybody('access-3'));
  await auth.signOut();
  await expect.poll(heldBy).toEqual([]);
  expect(backend.stats).toMatchObject({ refreshes: 2, reuse: 0 });
});

test('R35: docs/websockets.md, socket.io: a refresh that fails once closes no socket for good', async () => {
  const { backend, auth, connectOne, heldBy } = await start<socketIo.Socket>('socket.io', serveSocketIo);
  stumble(auth);
  const failed = new Promise((resolve) => auth.on('refresh-failed', resolve));
  const socket = connectOne();
  await failed;
  await expect.poll(heldBy).toEqual(['access-2']);
  expect(backend.stats.refreshes).toBe(1);
  socket.disconnect();
});

test('docs/websockets.md, socket.io: a server that refuses everything is asked twice, with one refresh between', async () => {
  const { backend, sockets, connectAll } = await start<socketIo.Socket>('socket.io', () =>
    serveSocketIo(() => false),
  );
  const [client] = connectAll();
  await expect.poll(() => sockets.refused).toBe(2 * SOCKETS);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([sockets.refused, client?.connected, backend.stats.refreshes]).toEqual([2 * SOCKETS, false, 1]);
});
