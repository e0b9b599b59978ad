/** Scenarios that failed once, as small as they could be made. */
import type { Scenario, Step } from './scenario.ts';

export interface Kept extends Scenario {
  /** What held no longer. */
  readonly title: string;
  /** Number of the step that is tried after 0, 1, 2... tasks: which one it was depends on the code. */
  readonly sweeps?: number;
}

/** A kept scenario is played in that many ways. */
const WAYS = 25;

export function* waysOf({ title: _title, sweeps, ...scenario }: Kept): Generator<Scenario> {
  for (let tasks = 0; tasks < (sweeps === undefined ? 1 : WAYS); tasks++) {
    const steps = scenario.steps.map((step, index) => (index === sweeps ? { ...step, tasks } : step));
    yield { ...scenario, steps };
  }
}

const step = (act: Step['act'], fields: Partial<Step> = {}): Step => ({
  ...{ after: 0, tasks: 0, in: 0, how: 0 },
  ...fields,
  act,
});

const base = { order: 0, delays: [0], contexts: 2 };

/** In a browser. */
export const kept: Kept[] = [
  {
    ...base,
    contexts: 1,
    title: 'R32: a request that waits for the record to be read again is not sent for nobody',
    steps: [step('request'), step('freeze'), step('request'), step('sign out')],
  },
  {
    ...base,
    title: 'R54: a session whose context vanished between record and ledger can be refreshed',
    sweeps: 1,
    steps: [step('sign in'), step('crash'), step('refuse', { after: 5_000 })],
  },
  {
    ...base,
    contexts: 1,
    title: 'R30: a sign-out that waits for the record to be read again leaves the next sign-in alone',
    steps: [step('freeze'), step('sign out'), step('sign in')],
  },
  {
    ...base,
    title: 'R30: nor does it end a session that began elsewhere meanwhile',
    steps: [step('freeze'), step('sign out'), step('sign in', { in: 1 }), step('getAccessToken')],
  },
  {
    ...base,
    order: 1,
    contexts: 1,
    title: 'R34: an answer that came while the context was frozen is read before the time is up',
    steps: [
      step('slow refresh', { how: 1 }),
      step('refuse'),
      step('request'),
      step('freeze', { after: 500 }),
      step('thaw', { after: 60_000 }),
    ],
  },
  {
    ...base,
    order: 1,
    contexts: 1,
    title: 'R34: nor is it dropped when the context is thawed just after the time was up',
    steps: [
      step('slow refresh', { how: 1 }),
      step('refuse'),
      step('request'),
      step('freeze', { after: 500 }),
      step('thaw', { after: 29_500 }),
    ],
  },
  {
    ...base,
    delays: [100, 0],
    contexts: 4,
    title: 'R54: a context that was frozen in a transaction commits nothing on its own',
    sweeps: 3,
    steps: [
      step('sign in', { in: 1 }),
      step('request'),
      step('partial capture'),
      step('freeze', { after: 5 }),
      step('crash', { after: 20_000, in: 1 }),
      step('freeze'),
    ],
  },
  {
    ...base,
    delays: [0, 0, 100, 0, 3, 0, 100, 1, 0, 0, 0, 1],
    title: 'R54: each newer commit has its own time to arrive before the session is given up',
    steps: [
      step('lag', { how: 5 }),
      step('request'),
      step('refuse'),
      step('partial capture', { after: 1, in: 1 }),
      step('getAccessToken', { after: 2_500 }),
      step('open'),
    ],
  },
  {
    ...base,
    title:
      'R43, R54: a captured access token does not hide tokens whose context vanished before it told of them',
    sweeps: 2,
    steps: [
      step('refresh'),
      step('slow refresh'),
      step('request', { after: 50 }),
      step('crash'),
      step('partial capture'),
      step('expire'),
    ],
  },
  {
    ...base,
    delays: [0, 100, 0],
    contexts: 3,
    title: 'R34: a token is not presented again so late that its answer would be aborted',
    steps: [
      step('mishap', { how: 11 }),
      step('partial capture'),
      step('expire', { how: 17 }),
      step('request'),
      step('freeze', { after: 500, tasks: 12 }),
      step('refuse', { tasks: 2 }),
      step('open'),
      step('crash', { tasks: 6, in: 3 }),
      step('request', { tasks: 3 }),
    ],
  },
  {
    ...base,
    delays: [20, 0],
    title: 'R54: nor is it given up while others go on committing',
    steps: [
      step('lag', { how: 35 }),
      step('capture'),
      step('slow capture', { tasks: 2, how: 3 }),
      step('capture', { after: 1, in: 1 }),
      step('capture'),
      step('request', { after: 5 }),
      step('capture', { after: 2_500 }),
      step('slow capture', { after: 500 }),
    ],
  },
  {
    ...base,
    title: 'R54: the lock does not void the claim of a context that went on without it',
    sweeps: 2,
    steps: [
      step('mishap', { how: 11 }),
      step('refresh', { in: 1 }),
      step('freeze', { in: 1 }),
      step('refresh'),
      step('thaw', { after: 35_600, in: 1 }),
    ],
  },
];

/** Without Web Locks. */
export const keptWithoutLocks: Kept[] = [
  {
    ...base,
    delays: [100],
    contexts: 4,
    title: 'R38: where transactions take their time and many wait for the claim, one of them gets it',
    steps: [
      step('refuse'),
      step('open'),
      step('partial capture', { after: 500 }),
      step('open'),
      step('refresh', { tasks: 12 }),
      step('refuse', { tasks: 12 }),
      step('open'),
      step('mishap'),
    ],
  },
  {
    ...base,
    contexts: 3,
    title:
      'R54: of two that wait for the claim of a dead context one takes it, and the other waits for that one',
    sweeps: 1,
    steps: [step('refresh'), step('crash'), step('refresh', { in: 0 }), step('refresh', { in: 1 })],
  },
  {
    ...base,
    title: 'R51: a context that was frozen waits for the newer record before it gives the session up',
    steps: [
      step('request'),
      step('freeze'),
      step('capture', { in: 1 }),
      step('request'),
      step('expire'),
      step('thaw'),
    ],
  },
  {
    ...base,
    title: 'R54: a refresh that was frozen before its retry does not present its token again',
    steps: [
      step('mishap', { how: 2 }),
      step('refresh'),
      step('freeze', { after: 500 }),
      step('refresh', { in: 1 }),
      step('thaw', { after: 60_000 }),
    ],
  },
  {
    ...base,
    title: 'R54: a context that was frozen after its claim asks again before it presents the token',
    sweeps: 1,
    steps: [step('refresh'), step('freeze'), step('refresh', { in: 1 }), step('thaw', { after: 60_000 })],
  },
];

/** Without IndexedDB. */
export const keptWithoutLedger: Kept[] = [
  {
    ...base,
    title: 'R30: a sign-out does not remove the session that another context has just begun',
    steps: [step('partial capture'), step('sign in'), step('sign out', { in: 1 }), step('close')],
  },
  {
    ...base,
    order: 3,
    title: 'R51: a session that begins elsewhere at the moment of a sign-out is found',
    steps: [step('sign in'), step('sign out', { in: 1 })],
  },
];
