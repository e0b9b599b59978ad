/** What each act of a scenario does. */
import { type Context, isSecret } from './contexts.ts';
import { crash, freeze, thaw } from './life.ts';
import { API, mishaps } from './network.ts';
import type { Act, Step } from './scenario.ts';
import type { Family } from './server.ts';
import type { World } from './world.ts';

const nth = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** As long as a refresh may wait for the lock, and then for its turn (ms). */
const MANUAL = 45_000;

/** Longer than any call may take (ms). */
const PATIENCE = 30_000;

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
    const story = stories.begin(server.families.at(-1) as Family, context.name);
    context.signingIn++;
    return context.auth
      .signIn(tokens)
      .then(() => stories.signedIn(story))
      .finally(() => context.signingIn--);
  },
  'sign out'({ server, stories }, { auth, signingIn }, how) {
    const story = signingIn ? undefined : stories.of(server.familyOf(auth.tokens?.accessToken));
    stories.signOut(story);
    return auth.signOut({ revoke: how % 2 > 0 }).then(() => stories.signedOut(story));
  },
  async close(_world, context) {
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
  'lose messages': ({ channels }, _context, how) => channels.lose(how),
  'slow messages': ({ channels }, _context, how) => channels.slow(nth([0, 50, 1_000, 10_000], how)),
  lag: ({ setLag }, _context, how) => setLag(nth([0, 1, 20, 300, 900, 1_800], how)),
  'full storage'(_world, { view }, how) {
    view.failing = 1 + (how % 3);
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
