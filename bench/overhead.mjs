/** What `auth.fetch` adds to a request with a good token: time and memory, over the same stubbed fetch. See README.md. */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { GCProfiler } from 'node:v8';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    /** One case only, by its name: for `--cpu-prof`. */
    only: { type: 'string' },
    /** Another build, to compare. */
    dist: { type: 'string', default: new URL('../dist/index.js', import.meta.url).href },
  },
});
const ROUNDS = Number(flags.rounds);
const WARM_UP = 50;
/** Short samples: what disturbs one is seen in the spread and not in the median. In milliseconds. */
const SAMPLE = 2;
/** Few enough that no collection comes between. */
const MEMORY_REQUESTS = 100;
const BUDGET = { case: 'string, plain init', nanoseconds: 1000 };

const { createTokenManager } = await import(flags.dist);

const answer = Promise.resolve(new Response('{}'));
const bare = () => answer;
const auth = createTokenManager({
  refresh: () => Promise.reject(new Error('the token is good')),
  allow: 'https://api.example.com',
  fetch: bare,
});
await auth.signIn({
  access_token: `eyJ${'x'.repeat(800)}`, // as long as a common JWT
  token_type: 'Bearer',
  expires_in: 86_400,
  refresh_token: 'refresh',
});

const text = 'https://api.example.com/v1/items/42?fields=name';
const url = new URL(text);
const init = { method: 'GET', headers: { accept: 'application/json', 'x-client': 'bench' } };
const post = { ...init, method: 'POST', body: '{"name":"value"}' };

/** What is handed to fetch. A `Request` is made anew for each call, as API clients do; bare pays for that too. */
const cases = {
  'string, plain init': () => [text, init],
  'string, no init': () => [text],
  'URL, no init': () => [url],
  'Request, no body': () => [new Request(text, init)],
  'Request with a body': () => [new Request(text, post)],
};

async function send(fetch, argumentsOf, requests) {
  for (let request = 0; request < requests; request++) {
    const [input, init] = argumentsOf();
    await fetch(input, init);
  }
}

/** Nanoseconds per request. */
async function time(fetch, argumentsOf, requests) {
  const began = performance.now();
  await send(fetch, argumentsOf, requests);
  return ((performance.now() - began) * 1e6) / requests;
}

/** Bytes per request; nothing where a collection came between. */
async function memory(fetch, argumentsOf) {
  globalThis.gc();
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  await send(fetch, argumentsOf, MEMORY_REQUESTS);
  const bytes = (process.memoryUsage().heapUsed - before) / MEMORY_REQUESTS;
  return profiler.stop().statistics.length ? [] : [bytes];
}

/** Bare and auth by turns, first and second by turns, so that what disturbs one disturbs the other. */
async function measure(argumentsOf) {
  const result = { bare: [], auth: [], over: [], bytes: { bare: [], auth: [] } };
  let requests = 20;
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const isFirst = round % 2 === 0;
    const early = isFirst && (await time(bare, argumentsOf, requests));
    const withAuth = await time(auth.fetch, argumentsOf, requests);
    const without = early || (await time(bare, argumentsOf, requests));
    if (round < WARM_UP) {
      requests = Math.ceil((SAMPLE * 1e6) / withAuth);
      continue;
    }
    result.bare.push(without);
    result.auth.push(withAuth);
    result.over.push(withAuth - without);
  }
  for (let round = 0; round < 15; round++) {
    result.bytes.bare.push(...(await memory(bare, argumentsOf)));
    result.bytes.auth.push(...(await memory(auth.fetch, argumentsOf)));
  }
  return result;
}

function quantile(numbers, share) {
  const ascending = numbers.toSorted((a, b) => a - b);
  return ascending[Math.round((ascending.length - 1) * share)];
}

const median = (numbers) => quantile(numbers, 0.5);

function rowOf(name, { bare, auth, over, bytes }) {
  const figures = [median(bare), median(auth), median(over), quantile(over, 0.1), quantile(over, 0.9)];
  return [name, ...figures, median(bytes.auth) - median(bytes.bare)];
}

function drawTable(rows) {
  const lines = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? `${Math.round(cell)}` : cell)),
  );
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const draw = (line) =>
    line.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0]))).join('  ');
  return lines.map(draw).join('\n');
}

console.log(`Node ${process.versions.node}, ${availableParallelism()} x ${cpus()[0]?.model.trim()}`);
console.log(`ns per request (medians of ${ROUNDS} rounds) and bytes per request\n`);
const rows = [['', 'bare', 'auth', 'over', 'p10', 'p90', 'bytes']];
for (const [name, argumentsOf] of Object.entries(cases)) {
  if (!flags.only || flags.only === name) rows.push(rowOf(name, await measure(argumentsOf)));
}
auth.close();
console.log(drawTable(rows));
const over = rows.find(([name]) => name === BUDGET.case)?.[3];
if (over !== undefined) {
  const verdict = over > BUDGET.nanoseconds ? 'BEYOND' : 'within';
  console.log(
    `\n${BUDGET.case}: ${Math.round(over)} ns over bare, ${verdict} the budget of ${BUDGET.nanoseconds}`,
  );
}
