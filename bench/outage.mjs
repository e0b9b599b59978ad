/** The token endpoint is down while requests go on and the token has died: calls, sessions kept, time to recover. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isServed, limited, steadily } from './support/send.mjs';
import { startServers } from './support/servers.mjs';

export const plans = {
  full: { kinds: ['503', 'reset', '429', 'hanging'], seconds: 10, patience: 8, long: 60 },
  quick: { kinds: ['503', 'hanging'], seconds: 4, patience: 8, long: 12 },
  short: { kinds: ['503'], seconds: 4, patience: 8 },
};

const PER_SECOND = 100;
/** Of the load during the long outage, which tells how often the server is asked. */
const LONG_PER_SECOND = 20;
const TOKEN_DELAY = 50;
/** Requests of one subject under way at once; a thousand may wait for the end of the outage. */
const CONNECTIONS = 64;

const WITH_ONLINE = 'evertoken, online fires';

const init = { method: 'GET', headers: { accept: 'application/json' } };

async function createLane(servers, subject, kind) {
  const realm = await servers.open({ tokenDelay: TOKEN_DELAY });
  const underlying = limited((...args) => fetch(...args), CONNECTIONS);
  const request = await subject.make(underlying, realm.tokens, realm.tokenEndpoint);
  const send = () => isServed(request(realm.url, init));
  return { name: subject.name, kind, realm, request, send, failed: 0, requests: 0, served: undefined };
}

/** The package once more, in a page that hears `online` when the endpoint is back; Node has no such event. */
async function createOnlineLane(servers, subject, kind) {
  const page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  const lane = await createLane(servers, subject, kind);
  delete globalThis.addEventListener;
  return { ...lane, name: WITH_ONLINE, onBack: () => page.dispatchEvent(new Event('online')) };
}

/**
 * The token is denied and its endpoint fails for some time. Every lane goes on sending until all are well again, or
 * patience ends. Whoever is served after the return of the endpoint has recovered.
 */
async function play(lanes, { seconds, patience, perSecond }) {
  for (const { send } of lanes) await send();
  for (const { realm, kind } of lanes) {
    await realm.fail(kind);
    await realm.deny();
  }
  const began = Date.now();
  let backAt;
  const mend = sleep(seconds * 1_000).then(async () => {
    for (const lane of lanes) {
      await lane.realm.fail(undefined);
      lane.backAt = Date.now();
      lane.onBack?.();
    }
    // Whose session is lost never recovers.
    for (const lane of lanes) lane.isLost = (await lane.realm.stats()).isLost;
    backAt = Date.now();
  });
  const isOver = () =>
    backAt &&
    (Date.now() > backAt + patience * 1_000 || lanes.every((lane) => lane.recoveredAt || lane.isLost));
  await steadily(lanes, {
    perSecond,
    until: isOver,
    patience: 2_000,
    note(lane, { served }) {
      lane.requests++;
      if (!served) lane.failed++;
      else if (lane.backAt) lane.recoveredAt ??= Date.now();
    },
  });
  await mend;
  const rows = [];
  for (const lane of lanes) {
    const { tokenCalls, isLost, reuse } = await lane.realm.stats();
    const during = tokenCalls.filter((at) => at >= began && at < lane.backAt);
    const afterFirstSecond = during.filter((at) => at >= began + 1_000);
    rows.push({
      name: lane.name,
      kind: lane.kind,
      calls: during.length,
      callsAfterFirstSecond: afterFirstSecond.length,
      // The most in any minute of it.
      callsAMinute: Math.max(
        0,
        ...afterFirstSecond.map(
          (from) => afterFirstSecond.filter((at) => at >= from && at < from + 60_000).length,
        ),
      ),
      // In tenths of a second, for the chart.
      at: [...new Set(during.map((at) => Math.floor((at - began) / 100) * 100))],
      recovery: lane.recoveredAt && (lane.recoveredAt - lane.backAt) / 1_000,
      isLost,
      reuse,
      requests: lane.requests,
      failed: lane.failed,
    });
    lane.request.close?.();
  }
  return rows;
}

export async function measure({ subjects, plan }) {
  await using servers = await startServers();
  const among = subjects.filter(({ name }) => name !== 'plain fetch');
  const own = among.find(({ name }) => name === 'evertoken');
  const open = (subject, kind) => createLane(servers, subject, kind);
  const { seconds, patience, kinds } = plan;
  const runs = async () => {
    const rows = [];
    for (const kind of kinds) {
      const lanes = [await createOnlineLane(servers, own, kind)];
      for (const subject of among) lanes.push(await open(subject, kind));
      rows.push(...(await play(lanes, { seconds, patience, perSecond: PER_SECOND })));
    }
    return rows;
  };
  // At the same time, because it mostly waits.
  const long = async () => {
    if (!plan.long) return [];
    const lanes = await Promise.all(kinds.map((kind) => open(own, kind)));
    return play(lanes, { seconds: plan.long, patience: 5, perSecond: LONG_PER_SECOND });
  };
  const [rows, longRows] = await Promise.all([runs(), long()]);
  return { seconds, long: plan.long, rows, longRows };
}

export function figures({ rows, longRows, long }) {
  const own = rows.filter(({ name }) => name.startsWith('evertoken'));
  // Without `online` a request that came during the back-off was told so and does not wait.
  const told = own.filter(({ name }) => name === WITH_ONLINE);
  const most = (all, pick) => Math.max(...all.map(pick));
  const recovery = (fits) => most(told.filter(fits), ({ recovery }) => recovery ?? Number.POSITIVE_INFINITY);
  const figures = [
    {
      id: 'outage.lost',
      value: most([...own, ...longRows], ({ isLost, reuse }) => Number(isLost || reuse > 0)),
    },
    { id: 'outage.calls', value: most(own, ({ callsAfterFirstSecond }) => callsAfterFirstSecond) },
    { id: 'outage.recovery', value: recovery(({ kind }) => kind !== '429') },
  ];
  if (told.some(({ kind }) => kind === '429')) {
    figures.push({ id: 'outage.recoveryAsked', value: recovery(({ kind }) => kind === '429') });
  }
  if (long >= 60)
    figures.push({ id: 'outage.callsAMinute', value: most(longRows, ({ callsAMinute }) => callsAMinute) });
  return figures;
}

const columns = [
  '',
  'calls of the token endpoint',
  'after the first second',
  'session lost',
  's to recover',
  'requests',
  'failed',
];
const rowOf = (name, row) => [
  name,
  row.calls,
  row.callsAfterFirstSecond,
  row.isLost ? 'yes' : 'no',
  row.recovery ?? 'not seen',
  row.requests,
  row.failed,
];

export function tables({ seconds, rows, long, longRows }) {
  const kinds = [...Map.groupBy(rows, ({ kind }) => kind)];
  const all = kinds.map(([kind, among]) => ({
    title: `The token endpoint is down for ${seconds} s (${kind}), ${PER_SECOND} requests a second each`,
    columns,
    rows: among.map((row) => rowOf(row.name, row)),
  }));
  if (!long) return all;
  const title = `evertoken, the token endpoint is down for ${long} s, ${LONG_PER_SECOND} requests a second`;
  return [...all, { title, columns, rows: longRows.map((row) => rowOf(row.kind, row)) }];
}
