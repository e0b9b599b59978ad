/** R32: a request that waits, and a session that ends in the very moment in which it may leave. */
import type { Attach } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { follow } from '../support/recorder.ts';
import { login, ME, outcome, ownRefresh, settle, signedIn } from '../support/refresh.ts';
import { createManager, createWorld, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Auth = ReturnType<typeof createManager>;

const endings: [what: string, end: (auth: Auth) => Promise<void>][] = [
  ['signOut()', (auth) => auth.signOut()],
  ['another sign-in', (auth) => auth.signIn(login({ access_token: 'other', refresh_token: 'other' }))],
];

/** More steps than there are between an answer and the request that waits for it. */
const steps = Array.from({ length: 60 }, (_, step) => step);

/** A fetch underneath that knows at once what it was given, and whether that is the token of the running session. */
function createOutbox() {
  const outbox = {
    /** The manager whose requests leave here. */
    auth: undefined as Auth | undefined,
    left: [] as string[],
    fetch: async (_input: unknown, init?: RequestInit) => {
      const authorization = `${new Headers(init?.headers).get('authorization')}`;
      const isRunning = authorization === `Bearer ${outbox.auth?.tokens?.accessToken}`;
      outbox.left.push(isRunning ? authorization : `${authorization}, whose session is over`);
      return new Response('ok');
    },
  };
  return outbox;
}

/** What a request came to whose session ends this many steps after it was given what it waits for. */
async function play(
  { auth, left }: ReturnType<typeof createOutbox>,
  release: () => void,
  step: number,
  end: (auth: Auth) => Promise<void>,
) {
  if (!auth) throw new Error('no manager');
  const waiting = outcome(auth.fetch(ME));
  await settle();
  expect(left).toEqual([]);
  release();
  for (let taken = 0; taken < step; taken++) await Promise.resolve();
  await end(auth);
  await settle();
  return { left, end: await waiting };
}

/** It has left in time, or it does not leave at all. */
function expectNoneAfter(results: Awaited<ReturnType<typeof play>>[], token: string): void {
  for (const { left, end } of results)
    expect([left, end]).toEqual(left.length ? [[token], 'resolved'] : [[], 'session-changed']);
  // Both sides of the moment were met.
  expect(new Set(results.map(({ left }) => left.length))).toEqual(new Set([0, 1]));
}

/** Signed in with a token that has expired, and a refresh that the test answers. */
async function createExpired(options: Parameters<typeof signedIn>[0] = {}) {
  const [own, outbox] = [ownRefresh(), createOutbox()];
  const { auth } = await signedIn({
    ...{ refresh: own.refresh, fetch: outbox.fetch, tokens: { expires_in: 1 } },
    ...options,
  });
  outbox.auth = auth;
  await vi.advanceTimersByTimeAsync(2_000);
  const release = () => own.calls[0]?.resolve(login({ access_token: 'access-1' }));
  return { outbox, auth, release };
}

describe.each(endings)('R32: %s in the tick in which a waiting request may leave', (_what, end) => {
  test('for a refresh: it has left before, or rejects with session-changed', async () => {
    const results = [];
    for (const step of steps) {
      const { outbox, release } = await createExpired();
      results.push(await play(outbox, release, step, end));
    }
    expectNoneAfter(results, 'Bearer access-1');
  });

  test('for a refresh over a store', async () => {
    const results = [];
    for (const step of steps) {
      const { outbox, release } = await createExpired({ store: createCell().open() });
      results.push(await play(outbox, release, step, end));
    }
    expectNoneAfter(results, 'Bearer access-1');
  });

  test('for headers that attach makes', async () => {
    const results = [];
    for (const step of steps) {
      const [gate, outbox] = [deferred(), createOutbox()];
      const attach: Attach = {
        tokenTypes: ['bearer'],
        headers: async ({ tokens }) => {
          await gate.promise;
          return { authorization: `Bearer ${tokens.accessToken}` };
        },
      };
      outbox.auth = (await signedIn({ attach, fetch: outbox.fetch })).auth;
      results.push(await play(outbox, gate.resolve, step, end));
    }
    expectNoneAfter(results, 'Bearer access-0');
  });

  test('for the store, which holds a session', async () => {
    const results = [];
    for (const step of steps) {
      const [gate, outbox, cell] = [deferred(), createOutbox(), createCell()];
      await createManager(createWorld(), { store: cell.open() }).signIn(login());
      cell.before = () => gate.promise;
      outbox.auth = createManager(createWorld(), { store: cell.open(), fetch: outbox.fetch });
      results.push(await play(outbox, gate.resolve, step, end));
    }
    // Who asked while nobody was known goes out as whoever is there, or signed out.
    const left = results.flatMap(({ left }) => left);
    expect(left).toContain('Bearer access-0');
    expect(left.filter((one) => /access-0, whose/.test(one))).toEqual([]);
  });
});

describe('R32: a listener that ends the session in which a request waits', () => {
  test.each(endings)('with %s when it hears of the refresh', async (_what, end) => {
    const { auth, outbox, release } = await createExpired();
    auth.on('token-refreshed', () => end(auth));
    const waiting = [follow(auth.fetch(ME)), follow(auth.fetch(ME))];
    await settle();
    release();
    await settle();
    // Each has left with its own token, or has not left.
    const sent = waiting.filter(({ state }) => state === 'resolved');
    expect(outbox.left).toEqual(sent.map(() => 'Bearer access-1'));
    const others = waiting.filter(({ state }) => state !== 'resolved');
    expect(others).toMatchObject(others.map(() => ({ value: { code: 'session-changed' } })));
  });
});
