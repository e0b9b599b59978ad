/** Refusals that come late, for tokens that were replaced meanwhile, at a server that detects reuse. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isServed, steadily } from './support/send.mjs';
import { startServers } from './support/servers.mjs';

export const plans = { full: { denials: 10 }, quick: { denials: 3 }, short: { denials: 3 } };

const PER_SECOND = 100;
/** ms after which an answer of the API arrives; it was judged when its request came. */
const ANSWER_DELAY = [0, 400];
const TOKEN_DELAY = 50;
/** ms between two moments at which the token of the moment is denied. */
const PAUSE = 1_500;

const init = { method: 'GET', headers: { accept: 'application/json' } };

export async function measure({ subjects, plan }) {
  await using servers = await startServers();
  const lanes = [];
  for (const subject of subjects.filter(({ name }) => name !== 'plain fetch')) {
    const realm = await servers.open({ tokenDelay: TOKEN_DELAY, answerDelay: ANSWER_DELAY });
    const request = await subject.make((...args) => fetch(...args), realm.tokens, realm.tokenEndpoint);
    const send = () => isServed(request(realm.url, init));
    lanes.push({ name: subject.name, realm, request, send, requests: 0, failed: 0 });
  }
  let isOver = false;
  const denials = (async () => {
    for (let denial = 0; denial < plan.denials; denial++) {
      await sleep(PAUSE);
      await Promise.all(lanes.map(({ realm }) => realm.deny()));
    }
    await sleep(PAUSE);
    isOver = true;
  })();
  await steadily(lanes, {
    perSecond: PER_SECOND,
    until: () => isOver,
    note: (lane, { served }) => {
      lane.requests++;
      if (!served) lane.failed++;
    },
  });
  await denials;
  const rows = [];
  for (const { name, realm, request, requests, failed } of lanes) {
    const { tokenCalls, refreshes, reuse, isLost } = await realm.stats();
    rows.push({
      name,
      callsPerDenial: tokenCalls.length / plan.denials,
      refreshes,
      reuse,
      isLost,
      requests,
      failed,
    });
    request.close?.();
  }
  return { denials: plan.denials, rows };
}

export function figures({ rows }) {
  const own = rows.find(({ name }) => name === 'evertoken');
  return [
    { id: 'stragglers.refreshes', value: own.callsPerDenial },
    { id: 'stragglers.lost', value: Number(own.isLost) },
    { id: 'stragglers.reuse', value: own.reuse },
    { id: 'stragglers.failed', value: own.failed },
  ];
}

export const tables = ({ denials, rows }) => [
  {
    title: `${denials} denied tokens, ${PER_SECOND} requests a second each, answers ${ANSWER_DELAY.join(' to ')} ms late`,
    columns: [
      '',
      'calls of the token endpoint per denied token',
      'reuse',
      'session lost',
      'requests',
      'failed',
    ],
    rows: rows.map(({ name, callsPerDenial, reuse, isLost, requests, failed }) => [
      name,
      callsPerDenial,
      reuse,
      isLost ? 'yes' : 'no',
      requests,
      failed,
    ]),
  },
];
