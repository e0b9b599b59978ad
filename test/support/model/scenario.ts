/** A scenario: what happens, in which order, to how many contexts. Plain data, so that one that failed can be kept. */
import fc from 'fast-check';

export const acts = [
  'request',
  'getAccessToken',
  'refresh',
  'refuse',
  'expire',
  'mishap',
  'slow refresh',
  'sign in',
  'sign out',
  'capture',
  'partial capture',
  'slow capture',
  'freeze',
  'thaw',
  'close',
  'crash',
  'open',
  'lose news',
  'repeat news',
  'slow news',
  'slow store',
  'bad calls',
  'partition',
  'outage',
  'clock',
  'vanish',
] as const;
export type Act = (typeof acts)[number];

export interface Step {
  /** After what came before it, in ms. */
  readonly after: number;
  /** And after that many tasks, so that it comes in the middle of things. */
  readonly tasks: number;
  readonly act: Act;
  /** Which of the living contexts. */
  readonly in: number;
  /** Which kind of it, where there are several. */
  readonly how: number;
}

export interface Scenario {
  /** Decides which of the tasks that are due runs next. */
  readonly order: number;
  /** How long small things take (ms), one after the other. */
  readonly delays: readonly number[];
  readonly contexts: number;
  /** Whether in the end the first request is answered already. */
  readonly isPrompt?: boolean;
  readonly steps: readonly Step[];
}

const weights: Record<Act, number> = {
  request: 10,
  getAccessToken: 2,
  refresh: 3,
  refuse: 8,
  expire: 3,
  mishap: 5,
  'slow refresh': 4,
  'sign in': 2,
  'sign out': 2,
  capture: 3,
  'partial capture': 2,
  'slow capture': 2,
  freeze: 3,
  thaw: 3,
  close: 2,
  crash: 2,
  open: 3,
  'lose news': 2,
  'repeat news': 1,
  'slow news': 2,
  'slow store': 2,
  'bad calls': 4,
  partition: 3,
  outage: 1,
  clock: 1,
  vanish: 4,
};

/** @param without - Acts that this variant leaves out. */
export function scenarios(without: Act[] = []): fc.Arbitrary<Scenario> {
  const act = fc.oneof(
    ...acts
      .filter((act) => !without.includes(act))
      .map((act) => ({ arbitrary: fc.constant(act), weight: weights[act] })),
  );
  const step = fc.record({
    after: fc.constantFrom(0, 0, 0, 1, 5, 50, 500, 2_500, 20_000),
    tasks: fc.oneof(fc.constant(0), { arbitrary: fc.nat(16), weight: 2 }),
    act,
    // Things happen to those who are at something.
    in: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3),
    how: fc.nat(35),
  });
  return fc.record({
    order: fc.nat(),
    delays: fc.array(fc.constantFrom(0, 0, 1, 3, 20, 100), { minLength: 1, maxLength: 12 }),
    contexts: fc.integer({ min: 1, max: 4 }),
    steps: fc.array(step, { minLength: 1, maxLength: 20, size: 'max' }),
  });
}

/** The order that a number stands for. */
export const orderOf = (seed: number): fc.Scheduler =>
  fc.sample(fc.scheduler(), { seed, numRuns: 1 })[0] as fc.Scheduler;
