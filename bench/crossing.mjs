/** Constant load across many expiries, against a token that never expires: what a request waits, and what is refused. */
import { isServed, steadily } from './support/send.mjs';
import { startServers } from './support/servers.mjs';
import { latencies, summarize } from './support/statistics.mjs';

export const plans = {
  full: { seconds: 30, window: 3_000, group: 3 },
  quick: { seconds: 6, window: 2_000, group: 8 },
  short: { seconds: 10, window: 1_000, group: 1 },
};

const PER_SECOND = 200;
/** Seconds that a token lives, and ms that the token endpoint takes. */
const LIFETIME = 2;
const TOKEN_DELAY = 150;
/** What the first requests meet is no matter of tokens. */
const WARM_UP = 1_000;

const init = { method: 'GET', headers: { accept: 'application/json' } };

async function createLane(servers, subject, options) {
  const realm = await servers.open(options);
  const request = await subject.make((...args) => fetch(...args), realm.tokens, realm.tokenEndpoint);
  const { name } = subject;
  return { name, realm, request, send: () => isServed(request(realm.url, init)), outcomes: [] };
}

/** p99 of a lane over that of the other, in each window of time. */
function ratios(lane, other, window) {
  const cut = ({ outcomes }) => Map.groupBy(outcomes, ({ at }) => Math.floor(at / window));
  const [own, theirs] = [cut(lane), cut(other)];
  const p99 = (outcomes) => latencies(outcomes.map(({ ms }) => ms)).p99;
  return [...own.keys()]
    .filter((key) => theirs.has(key))
    .map((key) => p99(own.get(key)) / p99(theirs.get(key)));
}

async function rowOf(lane, other, window) {
  const stats = await lane.realm.stats();
  const { length } = stats.tokenCalls;
  return {
    name: lane.name,
    ...latencies(lane.outcomes.map(({ ms }) => ms)),
    ratio: summarize(ratios(lane, other, window)),
    requests: lane.outcomes.length,
    failed: lane.outcomes.filter(({ served }) => !served).length,
    refused: stats.refused,
    tokenCalls: length,
    // Of every token but the first, which was given.
    callsPerToken: length / Math.max(stats.tokensUsed - 1, 1),
    isLost: stats.isLost,
  };
}

/** One run: a token that never expires, and some that do, side by side. */
async function run(servers, plain, subjects, { seconds, window }) {
  const never = await createLane(servers, plain, { lifetime: 86_400, tokenDelay: TOKEN_DELAY });
  const lanes = [never];
  for (const subject of subjects) {
    lanes.push(await createLane(servers, subject, { lifetime: LIFETIME, tokenDelay: TOKEN_DELAY }));
  }
  await steadily(lanes, {
    perSecond: PER_SECOND,
    until: (ms) => ms > WARM_UP + seconds * 1_000,
    note: (lane, outcome) => {
      if (outcome.at > WARM_UP) lane.outcomes.push(outcome);
    },
  });
  const rows = [];
  for (const lane of lanes) rows.push(await rowOf(lane, never, window));
  for (const { request } of lanes) request.close?.();
  return rows;
}

export async function measure({ subjects, plan }) {
  await using servers = await startServers();
  const [plain, own, ...peers] = subjects;
  const groups = [[own]];
  while (peers.length) groups.push(peers.splice(0, plan.group));
  const runs = [];
  for (const group of groups) runs.push(await run(servers, plain, group, plan));
  return runs;
}

export function figures([[, own]]) {
  return [
    { id: 'crossing.p99', value: own.ratio.median, error: own.ratio.error },
    { id: 'crossing.refused', value: own.refused },
    { id: 'crossing.failed', value: own.failed },
    { id: 'crossing.refreshes', value: own.callsPerToken },
  ];
}

export const tables = (runs) =>
  runs.map((rows, index) => ({
    title: `${PER_SECOND} requests a second each, tokens that live ${LIFETIME} s, a token endpoint that takes ${TOKEN_DELAY} ms${runs.length > 1 ? `: run ${index + 1}` : ''}`,
    columns: [
      '',
      'p50 ms',
      'p99 ms',
      'max ms',
      'p99, times never',
      'p10',
      'p90',
      'requests',
      'refused',
      'failed',
      'refreshes per token',
      'session lost',
    ],
    rows: rows.map((row, place) => [
      place ? row.name : 'a token that never expires',
      row.p50,
      row.p99,
      row.max,
      row.ratio?.median,
      row.ratio?.p10,
      row.ratio?.p90,
      row.requests,
      row.refused,
      row.failed,
      place ? row.callsPerToken : undefined,
      row.isLost ? 'yes' : 'no',
    ]),
  }));
