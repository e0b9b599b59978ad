/** What requests and bursts of refused ones leave in the heap, what managers leave that were closed, and what open ones take. */
import { setImmediate as turn } from 'node:timers/promises';
import { load } from './support/build.mjs';
import { median } from './support/statistics.mjs';
import { stubs } from './support/stub.mjs';

export const plans = {
  full: { requests: 1_000_000, steps: 10, peerRequests: 30_000, managers: 10_000, burst: 10_000 },
  quick: { requests: 200_000, steps: 5, peerRequests: 5_000, managers: 2_000, burst: 1_000 },
  short: { requests: 400_000, steps: 5, managers: 5_000, burst: 3_000 },
};

const origin = 'https://api.example.com';
const url = `${origin}/v1/items/42?fields=name`;
const init = { method: 'GET', headers: { accept: 'application/json', 'x-client': 'bench' } };
const tokens = { access_token: `eyJ${'x'.repeat(800)}`, refresh_token: 'refresh', expires_in: 86_400 };

/** Bytes in use. Weak references and finalizers take a turn each, so it collects more than once. */
async function heapInUse() {
  for (let pass = 0; pass < 4; pass++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** Growth in each step, after two that fill what is filled once: caches, code, the compiler's notes. */
async function growth(task, steps) {
  await task();
  await task();
  const grown = [];
  let before = await heapInUse();
  for (let step = 0; step < steps; step++) {
    await task();
    const after = await heapInUse();
    grown.push(after - before);
    before = after;
  }
  return grown;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** How much one look at the heap differs from the next; the growth in all is off by two of them, first and last. */
const deviation = (numbers) => median(numbers.map((number) => Math.abs(number - median(numbers))));

async function ofRequests({ name, answers = 'shared', make }, requests, steps) {
  const request = await make(stubs[answers].underlying, tokens, `${origin}/token`);
  const each = Math.ceil(requests / steps);
  const grown = await growth(async () => {
    for (let sent = 0; sent < each; sent++) {
      await request(url, init);
      // Timers and streams of some need turns of the loop to end.
      if (sent % 1_000 === 0) await turn();
    }
  }, steps);
  request.close?.();
  const scale = 1e6 / (each * steps);
  return {
    name,
    requests: each * steps,
    perMillion: sum(grown) * scale,
    error: deviation(grown) * 2 * scale,
  };
}

/** The token of the moment is refused, all requests at once. */
const bursts = [
  { name: 'they are served after the refresh' },
  { name: 'the refresh fails', failure: new Error('no network') },
  { name: 'each time at new addresses', isElsewhere: true },
  { name: 'with one signal for all', signal: new AbortController().signal },
];

async function ofBurst({ name, failure, isElsewhere, signal }, size) {
  const { createTokenManager } = await load();
  let refused;
  let issued = 0;
  let run = 0;
  const auth = createTokenManager({
    async refresh() {
      await turn();
      if (failure) throw failure;
      return { access_token: `access-${++issued}`, refresh_token: `refresh-${issued}`, expires_in: 86_400 };
    },
    allow: origin,
    async fetch(_input, { headers }) {
      const isRefused = new Headers(headers).get('authorization') === refused;
      return new Response(null, { status: isRefused ? 401 : 204 });
    },
  });
  await auth.signIn(tokens);
  const STEPS = 5;
  const grown = await growth(async () => {
    refused = `Bearer ${auth.tokens.accessToken}`;
    run++;
    const address = isElsewhere ? `${origin}/${run}-${'x'.repeat(200)}` : origin;
    const all = Array.from({ length: size }, (_, number) => auth.fetch(`${address}/${number}`, { signal }));
    await Promise.allSettled(all);
  }, STEPS);
  auth.close();
  return { name, size, bytesEach: median(grown) / size, error: (deviation(grown) * 2) / size };
}

/** As of a server that serves many users: each has a store of its own. */
const stores = {
  'without a store': () => undefined,
  'with a memoryStore()': ({ memoryStore }) => memoryStore(),
  'with a keyValueStore() of a name of its own': ({ keyValueStore }, number) => {
    const items = new Map();
    const storage = {
      getItem: (key) => items.get(key),
      setItem: (key, value) => items.set(key, value),
      removeItem: (key) => items.delete(key),
    };
    return keyValueStore(`user-${number}`, storage);
  },
};

/** Created, signed in, used, closed. */
async function ofManagers(count, [name, createStore]) {
  const evertoken = await load();
  let number = 0;
  const response = new Response('{}');
  const one = async () => {
    const auth = evertoken.createTokenManager({
      refresh: () => Promise.reject(new Error('the token is good')),
      allow: origin,
      store: createStore(evertoken, number++),
      keepFresh: true,
      fetch: () => Promise.resolve(response),
    });
    auth.on('token-refreshed', () => {});
    auth.subscribe(() => {});
    await auth.signIn(tokens);
    await auth.fetch(url, init);
    auth.close();
  };
  const STEPS = 5;
  const each = Math.ceil(count / STEPS);
  const handles = process.getActiveResourcesInfo().length;
  const grown = await growth(async () => {
    for (let index = 0; index < each; index++) await one();
  }, STEPS);
  await turn();
  return {
    name,
    count: each * STEPS,
    bytesEach: sum(grown) / (each * STEPS),
    error: (deviation(grown) * 2) / (each * STEPS),
    handles: process.getActiveResourcesInfo().length - handles,
  };
}

const ROW = 4_096;

/** A row of a table, which lies elsewhere as those of a database do: what a session takes here is what is measured. */
class Row {
  constructor(table, number) {
    this.table = table;
    this.start = number * ROW;
  }

  async read() {
    const text = this.table.toString('utf8', this.start, this.table.indexOf(0, this.start));
    return text ? JSON.parse(text) : undefined;
  }

  async replace(version, next) {
    if ((await this.read())?.version !== version) return false;
    this.table.write(`${JSON.stringify(next)}\0`, this.start);
    return true;
  }
}

const WITHOUT = 'without a store';
const openStores = {
  [WITHOUT]: () => undefined,
  'with a tokenStore() of a row of its own': ({ tokenStore }, number, table) =>
    tokenStore(new Row(table, number)),
};

/** Created, signed in, and idle from then on. Their tokens are the same text, so that it does not count. */
async function ofOpenManagers(count, [name, createStore]) {
  const evertoken = await load();
  // Two steps more than are measured.
  const table = Buffer.alloc(count * 2 * ROW);
  const open = [];
  const STEPS = 5;
  const each = Math.ceil(count / STEPS);
  const grown = await growth(async () => {
    for (let index = 0; index < each; index++) {
      const auth = evertoken.createTokenManager({
        refresh: () => Promise.reject(new Error('the token is good')),
        allow: origin,
        store: createStore(evertoken, open.length, table),
      });
      open.push(auth);
      await auth.signIn(tokens);
    }
  }, STEPS);
  for (const auth of open) auth.close();
  return {
    name,
    count: open.length,
    kilobytesEach: median(grown) / each / 1_000,
    error: (deviation(grown) * 2) / each / 1_000,
  };
}

export async function measure({ subjects, plan }) {
  const requests = [];
  for (const subject of subjects) {
    const isOwn = ['plain fetch', 'evertoken'].includes(subject.name);
    requests.push(await ofRequests(subject, isOwn ? plan.requests : plan.peerRequests, plan.steps));
  }
  const managers = [];
  for (const store of Object.entries(stores)) managers.push(await ofManagers(plan.managers, store));
  const open = [];
  for (const store of Object.entries(openStores)) open.push(await ofOpenManagers(plan.managers, store));
  const refused = [];
  for (const kind of bursts) refused.push(await ofBurst(kind, plan.burst));
  return { requests, managers, open, refused };
}

/** The figure of the row that is worst even at its best. */
function worst(rows, id, field) {
  const [row] = rows.toSorted((one, other) => other[field] - other.error - (one[field] - one.error));
  return { id, value: row[field], error: row.error };
}

export function figures({ requests, managers, open, refused }) {
  const own = requests.find(({ name }) => name === 'evertoken');
  return [
    { id: 'memory.requests', value: own.perMillion / 1_000, error: own.error / 1_000 },
    worst(managers, 'memory.managers', 'bytesEach'),
    ...open.map(({ name, kilobytesEach, error }) => ({
      id: name === WITHOUT ? 'memory.open' : 'memory.shared',
      value: kilobytesEach,
      error,
    })),
    { id: 'memory.handles', value: Math.max(...managers.map(({ handles }) => handles)) },
    worst(refused, 'memory.bursts', 'bytesEach'),
  ];
}

export const tables = ({ requests, managers, open, refused }) => [
  {
    title: 'Heap growth over a stubbed fetch',
    columns: ['', 'requests', 'kB per million requests', '±'],
    rows: requests.map(({ name, requests, perMillion, error }) => [
      name,
      requests,
      perMillion / 1_000,
      error / 1_000,
    ]),
  },
  {
    title: 'Managers created, signed in, used once and closed',
    columns: ['', 'managers', 'bytes left by each', '±', 'handles left'],
    rows: managers.map(({ name, count, bytesEach, error, handles }) => [
      name,
      count,
      bytesEach,
      error,
      handles,
    ]),
  },
  {
    title: 'Managers created, signed in, and idle',
    columns: ['', 'managers', 'kB each, without tokens', '±'],
    rows: open.map(({ name, count, kilobytesEach, error }) => [name, count, kilobytesEach, error]),
  },
  {
    title: 'Bursts of requests with a refused token, one after the other',
    columns: ['', 'requests at once', 'bytes left by each', '±'],
    rows: refused.map(({ name, size, bytesEach, error }) => [name, size, bytesEach, error]),
  },
];
