/** Three contexts act at random, over a storage that lags or takes its time; when all is quiet they agree. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ledger } from '../../src/ledger.ts';
import type { RecordStore } from '../../src/storage.ts';
import { short, type Told } from '../support/recorder.ts';
import { type Context, createContext, createDisk, createSharedLedger, held } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TABS = 3;
const act = fc.record({
  tab: fc.nat(TABS - 1),
  kind: fc.constantFrom('signIn', 'signOut', 'refresh', 'capture', 'partial', 'capturedSignIn', 'look'),
  /** When it begins, and how long its request takes, in ms. */
  at: fc.nat(40),
  ms: fc.nat(30),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
const scene = fc.record({
  acts: fc.array(act, { minLength: 2, maxLength: 8 }),
  delays: fc.array(fc.nat(12), { minLength: 40, maxLength: 40 }),
  now: fc.constantFrom(0, 1_000_000),
});

const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Contexts whose ledger, messages and, where it is asynchronous, storage take as long as `delay` says. */
function openTabs(isAsync: boolean, delay: (longest: number) => number) {
  const disk = createDisk({ lag: isAsync ? 0 : 12, isAsync });
  const { entries, visit } = createSharedLedger();
  const ledger: Ledger = {
    isShared: true,
    visit: (...args) => wait(delay(2)).then(() => visit(...args)),
  };
  const tabs: Context[] = [];
  const open = (index: number) => {
    const view = disk.open();
    const slow: RecordStore = {
      isAsync,
      read: () => wait(delay(12)).then(() => view.read()),
      async write(next) {
        await wait(delay(12));
        return view.write(next);
      },
    };
    const post = (n: number) => {
      for (const tab of tabs.filter((_, other) => other !== index)) {
        setTimeout(() => {
          const isNews = n < 0 || n > tab.sessions.current.n;
          if (isNews) void tab.look({ heard: n });
        }, delay(12));
      }
    };
    return { view, tab: createContext({ store: isAsync ? slow : view, ledger, post }) };
  };
  const opened = Array.from({ length: TABS }, (_, index) => open(index));
  tabs.push(...opened.map(({ tab }) => tab));
  return { tabs, views: opened.map(({ view }) => view), newest: () => entries.get('all') };
}

async function play({ sessions, ...tab }: Context, { kind, at, ms }: Act, token: string) {
  await wait(at);
  const { current } = sessions;
  const isSame = () => sessions.current === current;
  switch (kind) {
    case 'signIn':
      return tab.signIn(token);
    case 'signOut':
      return sessions.settled(null).then(() => sessions.end());
    case 'look':
      return tab.look();
    case 'capturedSignIn':
      return wait(ms).then(() => sessions.open(isSame, held(token), 'captured'));
    case 'refresh': {
      const answer = tab.sendRefresh();
      return current.id && wait(ms).then(() => answer(token));
    }
    default:
      return current.id && tab.capture(token, kind === 'partial');
  }
}

/** A session begins where there is none, and ends where there is one. */
function expectOneByOne(told: Told[], index: number) {
  const changes = short(told).filter((event) => event.startsWith('signed'));
  const expected = changes.map((_, place) => (place % 2 ? 'signed-out' : 'signed-in'));
  expect(
    changes.map((event) => event.split(' ')[0]),
    `what context ${index} told`,
  ).toEqual(expected);
}

test.each([
  ['that lags', false],
  ['that takes its time', true],
])(
  'R30, R50, R51, R54: over a storage %s all contexts come to the newest commit',
  async (_what, isAsync) => {
    const property = fc.asyncProperty(scene, async ({ acts, delays, now }) => {
      vi.setSystemTime(now);
      let asked = 0;
      const delay = (longest: number) => Math.min(delays[asked++ % delays.length] ?? 0, longest);
      const { tabs, views, newest } = openTabs(isAsync, delay);
      const begun = tabs[0]?.signIn('first');
      await vi.advanceTimersByTimeAsync(200);
      await begun;
      const runs = acts.map((act, index) => play(tabs[act.tab] as Context, act, `${act.kind} ${index}`));
      await vi.advanceTimersByTimeAsync(10_000);
      await Promise.all(runs);

      const entry = newest();
      const [id, n] = entry?.isOver ? [] : [entry?.id, entry?.n];
      const known = tabs.map(({ sessions: { current } }) => [current.id, current.id && current.n]);
      expect(known, 'what the contexts know').toEqual(Array(TABS).fill([id, n]));
      const stored = views.map(({ now }) => [now?.id, now?.n]);
      expect(stored, 'what is stored').toEqual(Array(TABS).fill([id, n]));
      for (const [index, { told, token }] of tabs.entries()) {
        expectOneByOne(told, index);
        expect(token(), 'tokens').toBe(tabs[0]?.token());
      }
    });
    await fc.assert(property, { numRuns: 1_000 });
  },
  60_000,
);
