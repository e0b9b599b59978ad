/** What each act of a scenario does. */
import { type Context, isSecret } from './contexts.ts';
import type { Fault } from './faults.ts';
import { crash, freeze, thaw } from './life.ts';
import { API, mishaps } from './network.ts';
import type { Act, Step } from './scenario.ts';
import type { Family } from './server.ts';
import type { World } from './world.ts';

const nth = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** As long as a refresh may wait for one that was sent, then for the lock, and then for its turn (ms). */
const MANUAL = 90_000;

/** Longer than any call may take (ms): one reads, refreshes, is refused, refreshes. */
const PATIENCE = 45_000;

/** What could not be stored is stored at the latest that long after the trouble (ms). */
const RETRIED = 40_000;

const badCalls: Fault[][] = [
  ['throws'],
  ['lost'],
  ['throws', 'throws', 'throws'],
  ['late'],
  ['hangs'],
  ['silent'],
  ['lost', 'throws'],
  ['lost', 'lost'],
];

const troubles: Fault[] = ['throws', 'hangs', 'held', 'lost', 'silent'];

/** How long trouble lasts (ms). */
const spans = [1_000, 4_000, 9_000, 25_000, 60_000];

/** A request of the app, which remembers the session it was begun in. */
export function request({ server, calls }: World, { auth, signingIn }: Context, path: string) {
  const begun = signingIn ? undefined : server.familyOf(auth.tokens?.accessToken)?.id;
  calls.push({ begun });
  const headers = { 'x-call': `${calls.length - 1}` };
  return auth.fetch(API + path, { method: path === '/data' ? 'GET' : 'POST', headers });
}

/** What the app does in a context: a task of its own, so that a frozen context does it later. */
const deeds: Partial<Record<Act, (world: World, context: Context, how: number) => Promise<unknown>>> = {
  request: (world, context) => request(world, context, '/data'),
  capture: (world, context) => request(world, context, '/password/full'),
  'partial capture': (world, context) => request(world, context, '/password/partial'),
  getAccessToken: (_world, { auth }) => auth.getAccessToken(),
  refresh({ loop }, context) {
    context.manualUntil = loop.now + MANUAL;
    return context.auth.refresh();
  },
  'sign in'({ server, stories }, context) {
    const tokens = server.signIn();
    const known = stories.of(server.familyOf(context.auth.tokens?.accessToken));
    const story = stories.begin(server.families.at(-1) as Family, context.name, known);
    context.signingIn++;
    return context.auth
      .signIn(tokens)
      .then(() => stories.signedIn(story))
      .finally(() => context.signingIn--);
  },
  'sign out'({ server, stories }, { auth, signingIn, name }, how) {
    const story = signingIn ? undefined : stories.of(server.familyOf(auth.tokens?.accessToken));
    stories.signOut(story);
    return auth.signOut({ revoke: how % 2 > 0 }).then(() => stories.signedOut(story, name));
  },
  async close({ loop, cell, faults, stories }, context) {
    if (cell.vanishedAt > 0) stories.spoilAll();
    // Frozen, it has tried nothing.
    const triedUntil = context.wasFrozen ? context.frozenAt : loop.now;
    if (faults.isTroubled(context, triedUntil - RETRIED)) stories.abandon(context.name);
    context.isClosed = true;
    context.auth.close();
  },
};

/** What happens to a context, or to the world around. */
const events: Partial<Record<Act, (world: World, context: Context, how: number) => unknown>> = {
  refuse: ({ server }) => server.refuse(),
  expire: ({ loop, server }, _context, how) => loop.run(server.expiry() - nth([0, 5_000, 30_000], how)),
  mishap: ({ network }, _context, how) =>
    network.expect(...new Array(1 + Math.floor(how / mishaps.length)).fill(nth(mishaps, how))),
  'slow refresh': ({ network }, _context, how) => network.expect(nth([500, 5_000, 16_000, 28_000], how)),
  'slow capture': ({ network }, _context, how) => network.slow(nth([0, 1_000, 4_000], how)),
  freeze,
  thaw,
  crash,
  open: ({ open }) => open(),
  'lose news': ({ news }, _context, how) => news.lose(how),
  'repeat news': ({ news }, _context, how) => news.repeat(how),
  'slow news': ({ news }, _context, how) => news.slow(nth([0, 50, 1_000, 10_000], how)),
  'slow store': ({ faults }, _context, how) => faults.slow(nth([0, 1, 20, 300, 600, 1_800], how)),
  'bad calls': ({ faults }, context, how) => faults.plan(context, ...nth(badCalls, how)),
  partition: ({ faults }, context, how) =>
    faults.cut(context, nth(troubles, how), nth(spans, Math.floor(how / troubles.length))),
  outage: ({ faults }, _context, how) =>
    faults.cut(undefined, nth(troubles, how), nth(spans, Math.floor(how / troubles.length))),
  clock: ({ setClock }, context, how) => setClock(context, nth([-3_600_000, -600_000, -20_000, 0], how)),
  vanish({ cell, stories, server, living }, _context, how) {
    stories.forget(living().map(({ auth }) => stories.of(server.familyOf(auth.tokens?.accessToken))));
    if (how % 3) cell.vanish();
    else cell.fallBack();
  },
};

/** Does something in a context, and notes until when it is waited for. */
export function act(world: World, context: Context, name: string, deed: () => Promise<unknown>): void {
  const { loop, waits, blame } = world;
  loop.after(0, context, name, () => {
    const wait = { context, name };
    waits.add(wait);
    const began = loop.now;
    const end = () => {
      waits.delete(wait);
      const ms = loop.now - began;
      if (ms > PATIENCE && !context.wasFrozen) blame(`${name} in ${context.name} took ${ms} ms`);
    };
    deed()
      .catch((error: unknown) => {
        if ((error as Error).name !== 'TokenError') blame(`${name} in ${context.name} fails with ${error}`);
        if (isSecret(error)) blame(`${name} in ${context.name} fails with an error that shows a token`);
      })
      .then(end);
  });
}

export async function perform(world: World, step: Step): Promise<void> {
  const living = world.living();
  const context = living[step.in % living.length];
  const deed = deeds[step.act];
  if (deed && context) act(world, context, step.act, () => deed(world, context, step.how));
  else if (context || step.act === 'open') await events[step.act]?.(world, context as Context, step.how);
}
