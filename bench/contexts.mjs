/** Many tabs and many threads with one session: refreshes per token, how soon the news is everywhere, idle work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from './support/servers.mjs';
import { median, quantile } from './support/statistics.mjs';
import { openBrowser, program } from './support/tabs.mjs';
import { openThreads } from './support/threads.mjs';

export const plans = {
  full: { tabs: [1, 5, 20, 50], threads: [1, 4, 16, 64], rounds: 5, news: 15, idle: 3_000 },
  quick: { tabs: [1, 5], threads: [1, 8], rounds: 2, news: 3, idle: 1_000 },
  short: { tabs: [20], threads: [8], rounds: 3, news: 15, idle: 1_000, isShort: true },
};

const TOKEN_DELAY = 50;
/** Tabs that have to hear soon. */
const TOLD = 20;
/** ms; a context that has not heard by then never will. */
const PATIENCE = 15_000;

let bareNews = 1;

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

/** How long after `at` each of them has it, in ms; who never has it is missing. */
async function delaysOf(contexts, at, ...asked) {
  const moments = await Promise.all(contexts.map((context) => patient(context.ask(...asked))));
  return moments.filter((moment) => moment !== undefined).map((moment) => Math.max(0, moment - at));
}

/**
 * One context refreshes; when do the others have the token? In turns with a bare message and a bare read, where the
 * contexts can do that: what disturbs one disturbs both.
 */
async function playNews(contexts, rounds, hasBare) {
  const [first, ...others] = contexts;
  const delays = [];
  const bare = [];
  let deaf = 0;
  for (let round = 0; round < rounds && others.length; round++) {
    const number = bareNews++;
    if (hasBare) bare.push(...(await delaysOf(others, await first.ask('tell', number), 'hear', number)));
    const refreshed = await patient(first.ask('refresh'));
    if (!refreshed) return { deaf: others.length };
    const all = await delaysOf(others, refreshed.at, 'has', refreshed.accessToken);
    deaf += others.length - all.length;
    delays.push(...all);
  }
  if (!delays.length) return { deaf };
  const [p50, p99, max] = [median(delays), quantile(delays, 0.99), Math.max(...delays)];
  return { median: p50, p99, max, deaf, ...(bare.length && { bare: median(bare) }) };
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

async function scale(open, sizes, servers, { rounds, news: newsRounds, idle }, hasBare = false) {
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
    // Who was ready before the sign-in has to hear of it.
    await sleep(2_000);
    const denials = await playDenials(contexts, realm, rounds);
    // Whoever does not answer now cannot be asked for more.
    const isWell = !denials.failed && !denials.isLost;
    const news = isWell ? await playNews(contexts, newsRounds, hasBare) : {};
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
    result.tabs = await scale((realm) => browser.open(realm), plan.tabs, servers, plan, true);
    await browser.close();
  } else if (process.env.EVERTOKEN_BROWSERS === 'required') throw new Error('chromium is not installed');
  const threads = openThreads();
  result.threads = await scale((realm) => threads.open(realm), plan.threads, servers, plan);
  await threads.close();
  return { ...result, isShort: plan.isShort };
}

export function figures({ tabs = [], threads, isShort }) {
  const all = [...tabs, ...threads];
  const { news } = tabs.find(({ size }) => size === TOLD) ?? {};
  return [
    { id: 'contexts.refreshes', value: Math.max(...all.map(({ refreshesPerToken }) => refreshesPerToken)) },
    { id: 'contexts.failed', value: all.reduce((sum, row) => sum + row.failed, 0) },
    { id: 'contexts.lost', value: all.filter(({ isLost }) => isLost).length },
    { id: 'contexts.deaf', value: all.reduce((sum, row) => sum + (row.news.deaf ?? 0), 0) },
    ...(news ? [{ id: 'contexts.news', value: news.median / news.bare }] : []),
    // Milliseconds say little where others take the processor away.
    ...(news && !isShort ? [{ id: 'contexts.newsTime', value: news.median }] : []),
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
    'a bare message and read',
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
    news.bare,
    news.deaf,
    idle.acts,
    idle.msASecond,
  ]),
});

export function tables({ browser, tabs, threads }) {
  const ofThreads = table('Worker threads of one Node process, over shared memory', 'threads', threads);
  if (!tabs) return [ofThreads];
  return [table(`Tabs of one profile in Chromium ${browser}, over webStore`, 'tabs', tabs), ofThreads];
}
