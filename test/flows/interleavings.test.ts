/** Random interleavings on one session store and ledger that answer late, with the parts themselves and no manager. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Replacement, Session } from '../../src/contracts.ts';
import { asTokenError } from '../../src/errors.ts';
import { type Ledger, noLedger } from '../../src/ledger.ts';
import { createRefresher } from '../../src/refresher.ts';
import type { StoredSession } from '../../src/storage.ts';
import { always, createContext, createSharedLedger, held } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

type Acts = Record<string, () => Promise<unknown>>;

/** Acts on one store, each step of which comes when the scheduler wants it to. */
function setUp(s: fc.Scheduler, ledger: Ledger) {
  const stored: { now?: StoredSession | undefined } = {};
  const seen = new Set<Session>();
  let isSignedIn = false;
  /** Later tokens bear the id of the session they were asked for in, refreshed ones its number at that time. */
  const check = () => {
    const { id, held, base } = sessions.current;
    seen.add(sessions.current);
    const [owner, before] = held?.tokens.accessToken.split(' ') ?? [];
    if (before) expect(owner, 'tokens of an ended session are current').toBe(id);
    if (Number(before)) expect(base, 'newer tokens are overwritten').toBe(Number(before) + 1);
  };
  const pause = () => s.schedule(Promise.resolve()).then(check);
  const add = (event: string) => {
    if (event.startsWith('signed')) isSignedIn = event === 'signed-in';
  };
  const read = () => pause().then(() => stored.now ?? 'none');
  const write = async (now?: StoredSession) => {
    await pause();
    Object.assign(stored, { now });
    return true;
  };
  const visit: Ledger['visit'] = (...args) => pause().then(() => ledger.visit(...args));
  const { sessions } = createContext({
    store: { isAsync: true, read, write },
    ledger: { ...ledger, visit },
    add,
  });
  let captures = 0;

  const signIn = async () => {
    const isKept = await sessions.open(always, held('first'), 'local');
    expect(isKept, 'a sign-in is lost').toBe(true);
  };
  const signOut = async () => {
    await sessions.settled(null);
    await sessions.end();
  };
  /** Replaces the tokens of the session that is current now, when the answer is there. */
  const replace = async (isLater: () => boolean, why: Partial<Replacement>) => {
    const was = sessions.current;
    const name = `${was.id} ${why.captured ? 'captured' : was.base}`;
    await pause();
    const fits = () => was.id && sessions.current === was && isLater();
    const next = () => held(name);
    const isKept = await sessions.replace(fits, next, { cause: 'manual', startedAt: 0, ...why });
    expect(!isKept && fits(), 'a commit that fits is lost').toBeFalsy();
  };
  const capture = async () => {
    const captured = ++captures;
    const { current } = sessions;
    const work = replace(() => captured > current.captured, { cause: 'captured', captured });
    current.captures.add(work);
    await work.finally(() => current.captures.delete(work));
  };
  /** Begins each act when the scheduler wants it to, and lets all of them come to their end. */
  const play = async (acts: (() => Promise<unknown>)[]) => {
    await s.waitFor(signIn());
    await s.waitFor(Promise.all(acts.map((act) => pause().then(act))));
    await s.waitIdle();
    const { id, held } = sessions.current;
    expect(!!id, 'what was told last').toBe(isSignedIn);
    expect([stored.now?.id, stored.now?.held], 'what is stored').toEqual([id, held]);
    seen.delete(sessions.current);
    for (const { signal } of seen) expect(asTokenError(signal.reason), 'why a session is over').toBeDefined();
  };
  return { sessions, pause, add, play, replace, acts: { signIn, signOut, capture } };
}

const scenes = (kinds: string[]) => fc.array(fc.constantFrom(...kinds), { minLength: 2, maxLength: 10 });
const ledgers: [string, () => Ledger][] = [
  ['a ledger', () => createSharedLedger()],
  ['no ledger', () => noLedger],
];

test.each(ledgers)(
  'R30, R32, R43: with %s the store keeps no tokens of an ended session, and loses none that fit',
  async (_what, createLedger) => {
    const kinds = scenes(['signIn', 'signOut', 'capture', 'refresh']);
    const property = fc.asyncProperty(fc.scheduler(), kinds, async (s, kinds) => {
      const scene = setUp(s, createLedger());
      const refresh = () => {
        const { current } = scene.sessions;
        const { base } = current;
        return scene.replace(() => current.base === base, {});
      };
      const acts: Acts = { ...scene.acts, refresh };
      await scene.play(kinds.map((kind) => async () => acts[kind]?.()));
    });
    await fc.assert(property, { numRuns: 300 });
  },
);

test.each(ledgers)(
  'R31, R32, R35: with %s nor does a refresh, whether it brings tokens, fails or finds the session ended',
  async (_what, createLedger) => {
    const kinds = scenes(['signIn', 'signOut', 'capture', 'good', 'down', 'invalid_grant']);
    const property = fc.asyncProperty(fc.scheduler(), kinds, async (s, kinds) => {
      const scene = setUp(s, createLedger());
      const { sessions, add, pause } = scene;
      let answer = '';
      const refresher = createRefresher({
        async refresh() {
          const [{ id, base }, error] = [sessions.current, answer];
          await pause();
          if (error !== 'good') throw { error };
          return { accessToken: `${id} ${base}` };
        },
        refreshTimeout: 10_000,
        sessions,
        events: { add, flush() {} },
        fetch,
        name: 'shop',
        lock: (_name, task) => task(),
        isLockShared: always,
        accept: (answer) => held((answer as { accessToken: string }).accessToken),
        revokeTokens: () => {},
      });
      const ask = async (kind: string) => {
        answer = kind;
        if (sessions.current.id) await refresher.run(sessions.current, 'manual').catch(() => {});
      };
      const acts: Acts = scene.acts;
      await scene.play(kinds.map((kind) => acts[kind] ?? (() => ask(kind))));
    });
    await fc.assert(property, { numRuns: 300 });
  },
);
