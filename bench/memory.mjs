/** What many requests leave in the heap, and what managers leave that were created and closed. */
import { setImmediate as turn } from 'node:timers/promises';
import { load } from './support/build.mjs';
import { median } from './support/statistics.mjs';
import { stubs } from './support/stub.mjs';

export const plans = {
  full: { requests: 1_000_000, steps: 10, peerRequests: 30_000, managers: 10_000 },
  quick: { requests: 200_000, steps: 5, peerRequests: 5_000, managers: 2_000 },
  short: { requests: 400_000, steps: 5, managers: 5_000 },
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

/** Created, signed in, used, closed. */
async function ofManagers(count) {
  const { createTokenManager } = await load();
  const response = new Response('{}');
  const one = async (name) => {
    const auth = createTokenManager({
      refresh: () => Promise.reject(new Error('the token is good')),
      allow: origin,
      name,
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
    for (let index = 0; index < each; index++) await one(`manager-${index}`);
  }, STEPS);
  await turn();
  return {
    count: each * STEPS,
    bytesEach: sum(grown) / (each * STEPS),
    error: (deviation(grown) * 2) / (each * STEPS),
    handles: process.getActiveResourcesInfo().length - handles,
  };
}

export async function measure({ subjects, plan }) {
  const requests = [];
  for (const subject of subjects) {
    const isOwn = ['plain fetch', 'evertoken'].includes(subject.name);
    requests.push(await ofRequests(subject, isOwn ? plan.requests : plan.peerRequests, plan.steps));
  }
  return { requests, managers: await ofManagers(plan.managers) };
}

export function figures({ requests, managers }) {
  const own = requests.find(({ name }) => name === 'evertoken');
  return [
    { id: 'memory.requests', value: own.perMillion / 1_000, error: own.error / 1_000 },
    { id: 'memory.managers', value: managers.bytesEach, error: managers.error },
    { id: 'memory.handles', value: managers.handles },
  ];
}

export const tables = ({ requests, managers }) => [
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
    rows: [['evertoken', managers.count, managers.bytesEach, managers.error, managers.handles]],
  },
];
