/** Many requests at once with a dead token: what reaches the servers, what fails, and how long all of it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { each, inTurns } from './support/rounds.mjs';
import { isServed, limited } from './support/send.mjs';
import { startServers } from './support/servers.mjs';
import { median, summarize } from './support/statistics.mjs';

export const plans = {
  full: { sizes: { 100: 12, 1000: 8, 10000: 5 }, peerRounds: { 100: 5, 1000: 2, 10000: 1 } },
  quick: { sizes: { 100: 2, 1000: 1, 10000: 1 }, peerRounds: { 100: 1, 1000: 1, 10000: 1 } },
  short: { sizes: { 1000: 5, 10000: 4 } },
};

/** ms; what has not come by then never comes. Some peers' requests never do; ours would on the busiest machine. */
const PATIENCE = { peer: 10_000, own: 60_000 };

/** Requests under way at once: what else is handed over waits, as in a browser. */
const CONNECTIONS = 128;
/** ms that the token endpoint takes. */
const TOKEN_DELAY = 50;

/**
 * - `ended`: the token's lifetime is over, which its owner can know.
 * - `refused`: the API takes it no longer, and nobody has said so.
 */
const ways = ['ended', 'refused'];

const underlying = limited((input, init) => fetch(input, init), CONNECTIONS);

async function timeAll(send, count, patience = PATIENCE.own) {
  const began = performance.now();
  let served = 0;
  const all = Array.from({ length: count }, async () => {
    if (await isServed(send())) served++;
  });
  const limit = new AbortController();
  await Promise.race([
    Promise.all(all),
    sleep(patience, undefined, { signal: limit.signal }).catch(() => {}),
  ]);
  limit.abort();
  return { ms: performance.now() - began, failed: count - served };
}

/** Plain fetch sends the same requests: all with a good token, after all with a dead one where that is unavoidable. */
async function bare(servers, way, count) {
  const realm = await servers.open();
  const headers = (token) => ({ accept: 'application/json', authorization: `Bearer ${token}` });
  const good = { headers: headers(realm.tokens.access_token) };
  const dead = { headers: headers('dead') };
  let { ms } = way === 'refused' ? await timeAll(() => underlying(realm.url, dead), count) : { ms: 0 };
  ms += (await timeAll(() => underlying(realm.url, good), count)).ms;
  const began = performance.now();
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: realm.tokens.refresh_token,
  });
  // The round trip is measured at a realm that takes as long as that of the others.
  await fetch(realm.tokenEndpoint, { method: 'POST', body }).then((response) => response.text());
  await realm.close();
  return ms + performance.now() - began + TOKEN_DELAY;
}

async function burst(servers, subject, way, count) {
  const realm = await servers.open({ tokenDelay: TOKEN_DELAY });
  const expires_in = way === 'ended' ? 0.02 : realm.tokens.expires_in;
  const request = await subject.make(underlying, { ...realm.tokens, expires_in }, realm.tokenEndpoint);
  await realm.deny();
  await sleep(40);
  const init = { method: 'GET', headers: { accept: 'application/json' } };
  const patience = subject.name === 'evertoken' ? PATIENCE.own : PATIENCE.peer;
  const { ms, failed } = await timeAll(() => request(realm.url, init), count, patience);
  const { tokenCalls, served, refused, reuse, isLost } = await realm.stats();
  request.close?.();
  await realm.close();
  return { ms, failed, sent: served + refused, tokenCalls: tokenCalls.length, reuse, isLost };
}

async function measureOne(servers, subjects, way, count, { sizes, peerRounds }) {
  const runs = new Map(subjects.map(({ name }) => [name, []]));
  const lanes = [{ name: 'bare' }, ...subjects];
  const times = await inTurns(lanes, { rounds: sizes[count] }, async (lane, round) => {
    if (lane.name === 'bare') return bare(servers, way, count);
    // Storms take long, and show at once.
    if (lane.name !== 'evertoken' && round >= peerRounds[count]) return undefined;
    const run = await burst(servers, lane, way, count);
    runs.get(lane.name).push(run);
    return run.ms;
  });
  const worst = (name, field) => Math.max(...runs.get(name).map((run) => Number(run[field])));
  const rows = subjects.map(({ name }) => ({
    name,
    tokenCalls: worst(name, 'tokenCalls'),
    sentEach: worst(name, 'sent') / count,
    failed: worst(name, 'failed'),
    lost: worst(name, 'isLost'),
    ms: median(each(times, (round) => round[name])),
    ratio: summarize(each(times, (round) => round[name] / round.bare)),
    // Of the two that were disturbed least.
    best: Math.min(...each(times, (round) => round[name])) / Math.min(...each(times, (round) => round.bare)),
  }));
  return { way, count, bare: median(each(times, (round) => round.bare)), rows };
}

export async function measure({ subjects, plan }) {
  await using servers = await startServers();
  // Plain fetch knows no refresh: it is the bare one here.
  const among = subjects.filter(({ name }) => name !== 'plain fetch');
  const [own] = among;
  for (const warmUp of [own, own]) await burst(servers, warmUp, 'ended', 300);
  const results = [];
  for (const way of ways) {
    for (const count of Object.keys(plan.sizes)) {
      results.push(await measureOne(servers, among, way, Number(count), plan));
    }
  }
  return results;
}

export function figures(results) {
  const own = results.map((result) => ({
    ...result,
    ...result.rows.find(({ name }) => name === 'evertoken'),
  }));
  const { ratio, best } = own.find(({ way, count }) => way === 'ended' && count === 10_000);
  return [
    { id: 'burst.refreshes', value: Math.max(...own.map(({ tokenCalls }) => tokenCalls)) },
    { id: 'burst.failures', value: Math.max(...own.map(({ failed }) => failed)) },
    { id: 'burst.sent', value: Math.max(...own.map(({ sentEach }) => sentEach)) },
    { id: 'burst.time', value: ratio.median, error: Math.max(ratio.error, ratio.median - best) },
  ];
}

export const tables = (results) =>
  results.map(({ way, count, bare, rows }) => ({
    title: `${count.toLocaleString('en-US')} requests at once, the token has ${way === 'ended' ? 'ended' : 'been refused'} (bare ${Math.round(bare)} ms)`,
    columns: [
      '',
      'calls of the token endpoint',
      'sent per request',
      'failed',
      'session lost',
      'ms',
      'times bare',
      'p10',
      'p90',
    ],
    rows: rows.map(({ name, tokenCalls, sentEach, failed, lost, ms, ratio }) => [
      name,
      tokenCalls,
      sentEach,
      failed,
      lost ? 'yes' : 'no',
      Math.round(ms),
      ratio.median,
      ratio.p10,
      ratio.p90,
    ]),
  }));
