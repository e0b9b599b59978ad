/** R32, R51: hundreds of races between two contexts, all at the same time, each in a store of its own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, openTab, outcomeOf, pass, revoke } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The same numbers each time: between 0 and 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** A refresh in one context, and a moment later or before it something in another; a third one looks on. */
async function race(seed: number, kind: 'signIn' | 'signOut', options: Parameters<typeof openTab>[2] = {}) {
  const random = createRandom(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const cell = createCell({ ms: upTo(8), hasLock: random() < 0.7, isWatched: random() < 0.7 });
  const server = createServer({ ms: upTo(40) });
  const a = openTab(cell, server, options);
  await a.auth.signIn(server.login());
  const b = openTab(cell, server, options);
  await b.auth.ready;
  const refreshes = async () => {
    await wait(upTo(60));
    for (let times = upTo(2); times >= 0; times--) await outcomeOf(b.auth.refresh());
  };
  const act = async () => {
    await wait(upTo(60));
    await (kind === 'signIn' ? a.auth.signIn(server.login('bob')) : a.auth.signOut());
  };
  await Promise.all([refreshes(), act()]);
  await wait(2_000);
  // Whoever has missed the news reads before its next refresh.
  await outcomeOf(b.auth.refresh());
  const late = openTab(cell, server);
  await late.auth.ready;
  return { seed, a, b, late, server };
}

async function races(count: number, kind: 'signIn' | 'signOut', options: Parameters<typeof openTab>[2] = {}) {
  const runs = Promise.all(Array.from({ length: count }, (_, seed) => race(seed, kind, options)));
  await pass(30_000);
  return runs;
}

/** The races that went wrong, by their seeds. */
const wrong = (all: Awaited<ReturnType<typeof races>>, isRight: (one: (typeof all)[number]) => boolean) =>
  all.filter((one) => !isRight(one)).map(({ seed }) => seed);

test('R51: of 300 races of a sign-out with a refresh elsewhere none undoes the sign-out', {
  timeout: 30_000,
}, async () => {
  const all = await races(300, 'signOut');
  const isOut = ({ a, b, late }: (typeof all)[number]) =>
    [a, b, late].every(({ auth, token }) => auth.status === 'signed-out' && !token);
  expect(wrong(all, isOut)).toEqual([]);
  expect(wrong(all, ({ server }) => !server.reused.length)).toEqual([]);
  expect(
    wrong(all, ({ b }) => short(b.told).filter((event) => event.startsWith('signed-out')).length === 1),
  ).toEqual([]);
});

test('R51: of 300 races of a sign-in with a refresh elsewhere none overwrites the sign-in', {
  timeout: 30_000,
}, async () => {
  const all = await races(300, 'signIn');
  const isBob = ({ a, b, late }: (typeof all)[number]) =>
    a.token?.startsWith('access-bob') && [b, late].every(({ auth }) => auth.sessionId === a.auth.sessionId);
  expect(wrong(all, (one) => !!isBob(one))).toEqual([]);
  expect(wrong(all, ({ server }) => !server.reused.length)).toEqual([]);
});

test('R32: of 569 races of a sign-out that revokes with a refresh elsewhere none leaves a living refresh token', {
  timeout: 30_000,
}, async () => {
  const all = await races(569, 'signOut', { revoke });
  expect(wrong(all, ({ server }) => !server.living.length)).toEqual([]);
  expect(wrong(all, ({ server }) => !server.reused.length)).toEqual([]);
});
