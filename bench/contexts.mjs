/** Many tabs and many threads with one session: refreshes per token, how soon the news is everywhere, idle work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from './support/servers.mjs';
import { median, quantile } from './support/statistics.mjs';
import { openBrowser, program } from './support/tabs.mjs';
import { openThreads } from './support/threads.mjs';

export const plans = {
  full: { tabs: [1, 5, 20, 50], threads: [1, 4, 16, 64], webLocks: [1, 2, 4], rounds: 5, idle: 3_000 },
  quick: { tabs: [1, 5], threads: [1, 8], webLocks: [1, 2], rounds: 2, idle: 1_000 },
  short: { tabs: [1, 5], threads: [1, 8], webLocks: [1], rounds: 2, idle: 1_000 },
};

const TOKEN_DELAY = 50;
/** ms; a context that has not heard by then never will. */
const PATIENCE = 15_000;

const patient = (promise) =>
  Promise.race([
    promise.catch(() => undefined),
    sleep(PATIENCE, undefined, { ref: false }).then(() => undefined),
  ]);

/** The token dies, all contexts send at once. */
async function playDenials(contexts, realm, rounds) {
  const before = (await realm.stats()).refreshes;
  let failed = 0;
  let played = 0;
  // Where some do not answer, they will not the next time either.
  while (played < rounds && !failed) {
    played++;
    await realm.deny();
    const all = await Promise.all(contexts.map((context) => patient(context.ask('burst', 2))));
    failed += all.flatMap((statuses) => statuses ?? [0, 0]).filter((status) => status !== 200).length;
  }
  const { refreshes, reuse, isLost } = await realm.stats();
  return { refreshesPerToken: (refreshes - before) / played, failed, reuse, isLost };
}

/** One context refreshes; when do the others have the token? */
async function playNews(contexts, rounds) {
  const [first, ...others] = contexts;
  const delays = [];
  let deaf = 0;
  for (let round = 0; round < rounds && others.length; round++) {
    const refreshed = await patient(first.ask('refresh'));
    if (!refreshed) return { deaf: others.length };
    const { accessToken, at } = refreshed;
    const heard = await Promise.all(others.map((other) => patient(other.ask('has', accessToken))));
    deaf += heard.filter((moment) => moment === undefined).length;
    delays.push(...heard.filter(Boolean).map((moment) => Math.max(0, moment - at)));
  }
  return delays.length
    ? { median: median(delays), p99: quantile(delays, 0.99), max: Math.max(...delays), deaf }
    : { deaf };
}

/** What contexts do while nothing happens. */
async function playIdle(contexts, ms) {
  const [context] = contexts;
  // What belongs to the last refresh is over by then.
  await sleep(2_500);
  await context.ask('takeCounts');
  const before = await context.work();
  await sleep(ms);
  const work = (await context.work()) - before;
  const counts = await context.ask('takeCounts');
  return { acts: Object.values(counts).reduce((sum, one) => sum + one, 0), msASecond: (work * 1e6) / ms };
}

async function scale(open, sizes, servers, { rounds, idle }) {
  const realm = await servers.open({ tokenDelay: TOKEN_DELAY });
  const rows = [];
  const contexts = [];
  for (const size of sizes) {
    while (contexts.length < size) {
      // Threads start by themselves; too many at once would starve each other.
      const more = Array.from({ length: Math.min(8, size - contexts.length) }, () => open(realm));
      contexts.push(...(await Promise.all(more)));
    }
    if (!rows.length) await patient(contexts[0].ask('signIn', realm.tokens));
    await Promise.all(contexts.map((context) => patient(context.ask('ready'))));
    const denials = await playDenials(contexts, realm, rounds);
    // Whoever does not answer now cannot be asked for more.
    const isWell = !denials.failed && !denials.isLost;
    const news = isWell ? await playNews(contexts, rounds) : {};
    const isLast = size === sizes.at(-1);
    const idleWork = isWell && isLast ? await playIdle(contexts, idle) : {};
    rows.push({ size, ...denials, news, idle: idleWork });
    if (!isWell) break;
  }
  await realm.close();
  return rows;
}

export async function measure({ plan }) {
  await using servers = await startServers();
  const result = {};
  if (program) {
    const browser = await openBrowser(servers);
    result.browser = browser.version;
    result.tabs = await scale((realm) => browser.open(realm), plan.tabs, servers, plan);
    await browser.close();
  }
  for (const [what, hasOwnLock] of [
    ['threads', true],
    ['webLocks', false],
  ]) {
    const threads = await openThreads(hasOwnLock);
    result[what] = await scale((realm) => threads.open(realm), plan[what], servers, plan);
    await threads.close();
  }
  return result;
}

export function figures({ tabs = [], threads, webLocks }) {
  const all = [...tabs, ...threads];
  const failed = (rows) => rows.reduce((sum, row) => sum + row.failed, 0);
  return [
    { id: 'contexts.refreshes', value: Math.max(...all.map(({ refreshesPerToken }) => refreshesPerToken)) },
    { id: 'contexts.failed', value: failed(all) },
    { id: 'contexts.webLocks', value: failed(webLocks) },
    { id: 'contexts.idle', value: Math.max(...all.map(({ idle }) => idle.acts ?? 0)) },
  ];
}

const table = (title, what, rows) => ({
  title,
  columns: [
    what,
    'refreshes per token',
    'failed',
    'session lost',
    'news after ms',
    'p99',
    'max',
    'never heard',
    'idle: acts',
    'idle: ms a second',
  ],
  rows: rows.map(({ size, refreshesPerToken, failed, isLost, news, idle }) => [
    size,
    refreshesPerToken,
    failed,
    isLost ? 'yes' : 'no',
    news.median,
    news.p99,
    news.max,
    news.deaf,
    idle.acts,
    idle.msASecond,
  ]),
});

export function tables({ browser, tabs, threads, webLocks }) {
  const all = [
    table(
      'Worker threads of one Node process, over a folder, with a lock over shared memory',
      'threads',
      threads,
    ),
    table(
      "Worker threads of one Node process, over a folder, with Node's own Web Locks",
      'threads',
      webLocks,
    ),
  ];
  if (tabs) all.unshift(table(`Tabs of one profile in Chromium ${browser}, over localStorage`, 'tabs', tabs));
  return all;
}
