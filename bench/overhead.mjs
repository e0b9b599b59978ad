/** What a subject adds to a request with a good token: time and memory over a stubbed fetch, and rate over loopback. */
import { GCProfiler } from 'node:v8';
import { calmest, each, inTurns } from './support/rounds.mjs';
import { isServed } from './support/send.mjs';
import { startServers } from './support/servers.mjs';
import { median, summarize } from './support/statistics.mjs';
import { stubs } from './support/stub.mjs';

export const plans = {
  full: { rounds: 120, memoryRounds: 11, loopback: { rounds: 60, ms: 60 } },
  quick: {
    rounds: 40,
    memoryRounds: 5,
    loopback: { rounds: 4, ms: 60 },
    only: ['string, plain init', 'Request'],
  },
  short: {
    rounds: 150,
    memoryRounds: 9,
    loopback: { rounds: 60, ms: 60 },
    only: ['string, plain init', 'Request'],
    isCalm: true,
  },
};

const WARM_UP = 30;
/** Short samples: what disturbs one is seen in the spread and not in the median. In milliseconds. */
const SAMPLE = 2;
/** Few enough that no collection comes between. */
const MEMORY_REQUESTS = 100;
/** Requests under way at once over loopback. */
const CONCURRENCY = 32;

const init = { method: 'GET', headers: { accept: 'application/json', 'x-client': 'bench' } };
const post = { ...init, method: 'POST', body: '{"name":"value"}' };

/** What is handed over. A `Request` is made anew for each call, as API clients do; bare pays for that too. */
const inputs = [
  { name: 'string, plain init', of: (url) => [url, init] },
  { name: 'string, no init', of: (url) => [url] },
  { name: 'URL, plain init', of: (url) => [new URL(url), init] },
  { name: 'URL, no init', of: (url) => [new URL(url)] },
  { name: 'Request', of: (url) => [new Request(url, init)], isRequest: true },
  { name: 'Request with a body', of: (url) => [new Request(url, post)], isRequest: true, hasBody: true },
];

/** What has to be kept to send a body again: nobody who replays one gets below that. */
const clone = {
  name: 'a clone, nothing else',
  takesRequest: true,
  make: (fetch) => (input) => fetch(input.clone()),
};

async function send(request, argumentsOf, url, count) {
  for (let sent = 0; sent < count; sent++) await request(...argumentsOf(url));
}

/** Nanoseconds per request. */
async function time(request, argumentsOf, url, count) {
  const began = performance.now();
  await send(request, argumentsOf, url, count);
  return ((performance.now() - began) * 1e6) / count;
}

/** Bytes per request; nothing where a collection came between. */
async function memory(request, argumentsOf, url) {
  globalThis.gc();
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  await send(request, argumentsOf, url, MEMORY_REQUESTS);
  const bytes = (process.memoryUsage().heapUsed - before) / MEMORY_REQUESTS;
  return profiler.stop().statistics.length ? undefined : bytes;
}

/** Over a fetch that resolves at once with one answer. */
async function overStub(subjects, { of, isRequest }, { rounds, memoryRounds, isCalm }) {
  const origin = 'https://api.example.com';
  const tokens = { access_token: `eyJ${'x'.repeat(800)}`, refresh_token: 'refresh', token_type: 'Bearer' };
  const url = `${origin}/v1/items/42?fields=name`;
  const among = subjects.filter(({ takesRequest }) => takesRequest || !isRequest);
  const kinds = new Set(among.map(({ answers = 'shared' }) => answers));
  const lanes = [...kinds].map((kind) => ({ name: `bare: ${kind}`, request: stubs[kind].bare }));
  for (const { name, answers = 'shared', make } of among) {
    const { underlying } = stubs[answers];
    lanes.push({
      name,
      request: await make(underlying, { ...tokens, expires_in: 86_400 }, `${origin}/token`),
    });
  }
  const counts = new Map();
  const all = await inTurns(lanes, { rounds, warmUp: WARM_UP }, async ({ name, request }) => {
    const nanoseconds = await time(request, of, url, counts.get(name) ?? 20);
    counts.set(name, Math.min(Math.max(Math.ceil((SAMPLE * 1e6) / nanoseconds), 5), 20_000));
    return nanoseconds;
  });
  // CI shares its machine.
  const times = isCalm ? calmest(all) : all;
  const bytes = await inTurns(lanes, { rounds: memoryRounds, warmUp: 1 }, ({ request }) =>
    memory(request, of, url),
  );
  const rows = among.map(({ name, answers = 'shared' }) => {
    const bare = `bare: ${answers}`;
    return {
      name,
      over: summarize(each(times, (round) => round[name] - round[bare])),
      ratio: summarize(each(times, (round) => round[name] / round[bare])),
      bytes: median(each(bytes, (round) => round[name])) - median(each(bytes, (round) => round[bare])),
    };
  });
  for (const { request } of lanes) request.close?.();
  return { bare: summarize(each(times, (round) => round['bare: shared'])), rows };
}

/**
 * Requests per second, some under way at once, and how many the main thread could send in a second of its processor
 * time: what others do on the machine, and the collector's and compiler's threads, disturb that less.
 */
async function rate({ request, url }, argumentsOf, ms) {
  const began = performance.now();
  const before = process.threadCpuUsage();
  let count = 0;
  const worker = async () => {
    while (performance.now() - began < ms) {
      if (!(await isServed(request(...argumentsOf(url))))) throw new Error('a request was not served');
      count++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.threadCpuUsage(before);
  return { rate: (count * 1_000) / (performance.now() - began), cpu: (count * 1e6) / (user + system) };
}

/** Bare is plain fetch that was given the header: the same bytes travel. */
async function overLoopback(subjects, { of, isRequest }, { loopback }, servers) {
  const lanes = [];
  const realm = await servers.open({ lifetime: 86_400 });
  const headers = { ...init.headers, authorization: `Bearer ${realm.tokens.access_token}` };
  const withToken = (input, own) => {
    if (!(input instanceof Request)) return fetch(input, own ? { ...own, headers } : { headers });
    input.headers.set('authorization', headers.authorization);
    return fetch(input);
  };
  lanes.push({ name: 'bare', url: realm.url, request: withToken });
  for (const subject of subjects.filter(({ takesRequest }) => takesRequest || !isRequest)) {
    const own = await servers.open({ lifetime: 86_400 });
    const request = await subject.make((...args) => fetch(...args), own.tokens, own.tokenEndpoint);
    lanes.push({ name: subject.name, url: own.url, request });
  }
  const { ms, rounds } = loopback;
  const cpus = [];
  const rates = await inTurns(lanes, { rounds, warmUp: 3 }, async (lane, round) => {
    const { rate: perSecond, cpu } = await rate(lane, of, ms);
    cpus[round] = { ...cpus[round], [lane.name]: cpu };
    return perSecond;
  });
  cpus.splice(0, 3);
  for (const { request } of lanes) request.close?.();
  return {
    bare: summarize(each(rates, ({ bare }) => bare)),
    rows: lanes.slice(1).map(({ name }) => ({
      name,
      rate: summarize(each(rates, (round) => round[name])),
      ratio: summarize(each(rates, (round) => round[name] / round.bare)),
      cpu: summarize(each(cpus, (round) => round[name] / round.bare)),
    })),
  };
}

export async function measure({ subjects, plan }) {
  const chosen = inputs.filter(({ name }) => !plan.only || plan.only.includes(name));
  const stub = {};
  for (const input of chosen) {
    const among = input.hasBody ? [...subjects, clone] : subjects;
    stub[input.name] = await overStub(among, input, plan);
  }
  const loopback = {};
  await using servers = await startServers();
  for (const input of chosen) {
    // Of the peers one case: they differ by much more than the inputs do.
    const among = input === inputs[0] ? subjects : subjects.filter(({ name }) => name === 'evertoken');
    loopback[input.name] = await overLoopback(among, input, plan, servers);
  }
  return { stub, loopback, isCalm: plan.isCalm };
}

const find = (part, input) => part[input]?.rows.find(({ name }) => name === 'evertoken');

export function figures({ stub, loopback, isCalm }) {
  const string = find(stub, inputs[0].name);
  const request = find(stub, 'Request');
  const rate = find(loopback, inputs[0].name);
  // Times and rates say little where others take the processor away.
  const absolute = [
    { id: 'overhead.string', value: string.over.median / 1_000, error: string.over.error / 1_000 },
    { id: 'overhead.request', value: request.over.median / 1_000, error: request.over.error / 1_000 },
    { id: 'overhead.rate', value: rate.ratio.median, error: rate.ratio.error },
  ];
  return [
    ...(isCalm ? [] : absolute),
    { id: 'overhead.stringOfBare', value: string.ratio.median, error: string.ratio.error },
    { id: 'overhead.requestOfBare', value: request.ratio.median, error: request.ratio.error },
    { id: 'overhead.bytes', value: string.bytes },
    { id: 'overhead.cpu', value: rate.cpu.median, error: rate.cpu.error },
  ];
}

export function tables({ stub, loopback }) {
  const overStub = Object.entries(stub).map(([input, { bare, rows }]) => ({
    title: `${input}: over a stubbed fetch, per request (bare ${Math.round(bare.median)} ns)`,
    columns: ['', 'µs over bare', 'p10', 'p90', 'times bare', 'bytes over bare'],
    rows: rows.map(({ name, over, ratio, bytes }) => [
      name,
      over.median / 1_000,
      over.p10 / 1_000,
      over.p90 / 1_000,
      ratio.median,
      Math.round(bytes),
    ]),
  }));
  const overLoopback = Object.entries(loopback).map(([input, { bare, rows }]) => ({
    title: `${input}: over loopback, ${CONCURRENCY} under way (bare ${Math.round(bare.median)} a second)`,
    columns: ['', 'requests a second', 'of bare', 'p10', 'p90', 'by processor time', 'p10', 'p90'],
    rows: rows.map(({ name, rate, ratio, cpu }) => [
      name,
      Math.round(rate.median),
      ratio.median,
      ratio.p10,
      ratio.p90,
      cpu.median,
      cpu.p10,
      cpu.p90,
    ]),
  }));
  return [...overStub, ...overLoopback];
}
