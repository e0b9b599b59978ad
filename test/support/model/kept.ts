/** Scenarios that failed once, as small as they could be made. */

import type { Scenario, Step } from './scenario.ts';
import type { platforms } from './variants.ts';

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

/** By the store over which they failed. */
export const keptOf: Partial<Record<keyof typeof platforms, Kept[]>> = {
  full: [
    {
      ...base,
      contexts: 3,
      title:
        'R53: of two sign-ins at once the one that is written last goes on; one made without the store gives way',
      steps: [
        step('sign in', { in: 2 }),
        step('sign in', { in: 1, tasks: 1 }),
        step('crash', { tasks: 2 }),
        step('partition', { how: 15 }),
        step('sign in', { after: 20_000 }),
        step('partition', { after: 20_000 }),
      ],
    },
    {
      ...base,
      title:
        'R53: while a sign-in is being stored the token of the session before is not presented without a lease',
      sweeps: 4,
      steps: [
        step('expire'),
        step('partition'),
        step('sign in'),
        step('request'),
        step('request', { in: 1, tasks: 1 }),
        step('refuse', { tasks: 5 }),
      ],
    },
    {
      ...base,
      title: 'R31, R38: an explicit refresh waits for one that went on after tokens had come from elsewhere',
      steps: [
        step('slow refresh'),
        step('slow refresh', { how: 1 }),
        step('refresh', { in: 1 }),
        step('refresh', { after: 50 }),
        step('refresh', { after: 1_000 }),
      ],
    },
    {
      ...base,
      delays: [0, 20, 0, 100],
      contexts: 4,
      title: 'R42, R53: a late write of captured tokens does not undo the sign-in that came after them',
      steps: [
        step('close'),
        step('capture', { tasks: 1 }),
        step('refresh', { in: 1 }),
        step('request', { tasks: 4 }),
        step('sign in', { tasks: 8 }),
        step('freeze'),
        step('open'),
        step('refuse', { after: 2_500, tasks: 1 }),
        step('thaw'),
      ],
    },
    {
      ...base,
      delays: [100],
      contexts: 1,
      title: 'R53: a write that the store held back does not undo the sign-in that came after it',
      sweeps: 1,
      steps: [
        step('partial capture'),
        step('partition', { how: 17 }),
        step('sign in', { after: 20_000 }),
        step('open', { tasks: 2 }),
      ],
    },
    {
      ...base,
      delays: [20],
      contexts: 1,
      title:
        'R42, R53: captured tokens that could not be stored are not undone by the lease that is taken next',
      sweeps: 3,
      steps: [
        step('expire', { how: 5 }),
        step('capture'),
        step('bad calls', { after: 5 }),
        step('request', { tasks: 3 }),
        step('partition', { tasks: 3 }),
      ],
    },
    {
      ...base,
      contexts: 1,
      title: 'R32: a request that waits for the entry to be read again is not sent for nobody',
      steps: [step('request'), step('freeze'), step('request'), step('sign out')],
    },
    {
      ...base,
      contexts: 1,
      title: 'R30: a sign-out that waits for the entry to be read again leaves the next sign-in alone',
      steps: [step('freeze'), step('sign out'), step('sign in')],
    },
    {
      ...base,
      title: 'R30: nor does it end a session that began elsewhere meanwhile',
      steps: [step('freeze'), step('sign out'), step('sign in', { in: 1 }), step('getAccessToken')],
    },
    {
      ...base,
      title: 'R51: a session that begins elsewhere at the moment of a sign-out goes on',
      sweeps: 1,
      steps: [step('sign in'), step('sign out', { in: 1 })],
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
      title: 'R54: the lock does not end the lease of a context that went on without it',
      sweeps: 2,
      steps: [
        step('mishap', { how: 11 }),
        step('refresh', { in: 1 }),
        step('freeze', { in: 1 }),
        step('refresh'),
        step('thaw', { after: 35_600, in: 1 }),
      ],
    },
  ],
  withoutLock: [
    {
      ...base,
      contexts: 4,
      title:
        'R53: a sign-in that could not be stored wins over a revival of the session that it was to replace',
      steps: [
        step('refresh', { in: 1 }),
        step('capture', { in: 3 }),
        step('bad calls', { how: 10 }),
        step('sign in'),
        step('partition', { after: 5 }),
      ],
    },
    {
      ...base,
      title:
        'R51, R53: of two sign-ins in one partition one goes on, and they do not replace each other for ever',
      steps: [
        step('open'),
        step('slow store', { how: 2 }),
        step('partition', { how: 33 }),
        step('sign in'),
        step('freeze', { after: 5 }),
        step('sign in', { in: 2 }),
      ],
    },
    {
      ...base,
      contexts: 1,
      title: 'R53: a refresh token whose write was not answered is not presented without a lease',
      steps: [
        step('partition', { how: 18 }),
        step('sign in'),
        step('open'),
        step('refuse', { after: 2_500 }),
        step('request'),
        step('request', { in: 1 }),
        step('refuse', { tasks: 10 }),
      ],
    },
    {
      ...base,
      title: 'R42, R53: tokens of a change of credentials that could not be stored win over older refreshes',
      steps: [
        step('bad calls', { in: 1, how: 5 }),
        step('refresh'),
        step('refresh', { after: 500 }),
        step('capture', { after: 500, in: 1 }),
      ],
    },
    {
      ...base,
      contexts: 3,
      title:
        'R54: of two that wait for the lease of a dead context one takes it, and the other waits for that one',
      sweeps: 1,
      steps: [step('refresh'), step('crash'), step('refresh', { in: 0 }), step('refresh', { in: 1 })],
    },
    {
      ...base,
      title: 'R51: a context that was frozen reads before it gives the session up',
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
      contexts: 1,
      isPrompt: true,
      title:
        'R54: the time of a dead context is over for whoever read its lease long ago, though it asked for nothing',
      sweeps: 2,
      steps: [step('refuse'), step('request'), step('crash'), step('open')],
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
      delays: [0, 0, 3, 0],
      contexts: 3,
      title: 'R51: a sign-in whose answer was lost is not made again over the refresh that has followed it',
      steps: [
        step('bad calls', { how: 6 }),
        step('sign in'),
        step('freeze', { after: 1 }),
        step('refuse'),
        step('open'),
        step('request', { tasks: 9, in: 3 }),
        step('refresh'),
      ],
    },
  ],
  withoutNews: [
    {
      ...base,
      delays: [0, 0, 3, 0],
      contexts: 4,
      title: 'R32, R42: a sign-out of a session that a capture has revived meanwhile ends that one',
      sweeps: 5,
      steps: [
        step('freeze'),
        step('sign out'),
        step('refresh', { in: 1 }),
        step('request', { after: 5, in: 1 }),
        step('capture', { after: 1, tasks: 1, in: 2 }),
        step('refuse', { tasks: 3 }),
      ],
    },
  ],
  forgetful: [
    {
      ...base,
      contexts: 1,
      title: 'R31, R34: a refresh that was frozen sends nothing when another one has taken its place',
      sweeps: 3,
      steps: [
        step('slow store', { how: 3 }),
        step('refresh'),
        step('freeze', { after: 50 }),
        step('capture'),
        step('expire'),
        step('partition'),
      ],
    },
    {
      ...base,
      title: 'R53: of two sign-ins that could not be stored the second gives way like the first',
      sweeps: 3,
      steps: [
        step('sign in', { in: 1 }),
        step('partition'),
        step('sign in', { tasks: 1 }),
        step('sign in', { tasks: 7 }),
        step('freeze', { tasks: 7 }),
      ],
    },
    {
      ...base,
      order: 1726816545,
      contexts: 4,
      title: 'R22, R42: a refusal of tokens that a capture elsewhere has replaced causes no refresh',
      steps: [
        step('partition', { in: 3 }),
        step('refresh'),
        step('repeat news', { how: 4 }),
        step('capture', { tasks: 5, in: 3 }),
        step('refuse', { after: 5 }),
        step('request', { tasks: 12, in: 2 }),
      ],
    },
  ],
  fleet: [
    {
      ...base,
      order: 1120177670,
      delays: [0, 1, 1, 0, 0],
      title: 'R35, R51: a context that cannot read whether there are newer tokens ends no session',
      sweeps: 5,
      steps: [
        step('bad calls', { how: 4 }),
        step('capture'),
        step('request', { after: 6_000, in: 1 }),
        step('capture', { tasks: 3 }),
        step('refuse', { tasks: 4 }),
        step('partition', { in: 1 }),
        step('sign in', { after: 50 }),
      ],
    },
  ],
  slow: [
    {
      order: 0,
      delays: [0, 100],
      contexts: 4,
      title:
        'R32, R42: a sign-out that is not yet stored wins over a revival of a session that ended meanwhile',
      steps: [
        step('slow capture', { how: 17 }),
        step('getAccessToken'),
        step('close'),
        step('refuse', { after: 20_000 }),
        step('capture', { in: 1 }),
        step('freeze', { in: 2 }),
        step('request', { tasks: 12 }),
        step('partition', { after: 500, tasks: 14, in: 1, how: 6 }),
        step('partition', { tasks: 2, how: 29 }),
        step('sign out', { tasks: 4 }),
        step('bad calls', { after: 20_000 }),
      ],
    },
    {
      ...base,
      contexts: 1,
      title: 'R53: a sign-in that could not be stored is not undone by a capture of the session before',
      sweeps: 4,
      steps: [
        step('slow capture', { how: 4 }),
        step('partition'),
        step('capture'),
        step('sign in', { after: 500 }),
        step('slow refresh', { tasks: 1 }),
      ],
    },
    {
      ...base,
      contexts: 1,
      title:
        'R54: a context that was frozen after it took the lease does not retry with a token that is spent',
      sweeps: 2,
      steps: [
        step('refuse'),
        step('partial capture'),
        step('freeze', { after: 50 }),
        step('expire'),
        step('open'),
        step('request', { in: 1 }),
        step('getAccessToken', { tasks: 8 }),
        step('refresh', { in: 1 }),
        step('slow refresh', { tasks: 8 }),
        step('lose news'),
      ],
    },
  ],
  web: [
    {
      ...base,
      contexts: 3,
      title: 'R42: a sign-out that is not yet stored makes an end that is found in the store a sign-out',
      steps: [
        step('capture'),
        step('outage', { how: 16 }),
        step('request', { after: 20_000, in: 2 }),
        step('refresh', { after: 2_500, in: 1 }),
        step('sign out', { in: 2 }),
      ],
    },
    {
      ...base,
      contexts: 1,
      title: 'R53: a page whose first look at the database hangs is joined once it answers again',
      steps: [step('outage', { how: 11 }), step('open'), step('request', { tasks: 1 })],
    },
    {
      ...base,
      contexts: 1,
      title: 'R53, R57: a page whose first look at the database fails is joined to the others all the same',
      sweeps: 2,
      steps: [step('outage'), step('open'), step('request')],
    },
  ],
};
