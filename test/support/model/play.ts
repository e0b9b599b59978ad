/** Plays a scenario, lets everything come to its end, and tells what was wrong. */
import type { Context } from './contexts.ts';
import { inside } from './globals.ts';
import { thaw, wake } from './life.ts';
import { act, perform, request } from './perform.ts';
import type { Scenario } from './scenario.ts';
import { createWorld, type Variant, type World } from './world.ts';

/** Longer than any back-off or cool-down. */
const REST = 70_000;

const storyOf = ({ stories, server }: World, { auth }: Context) =>
  stories.of(server.familyOf(auth.tokens?.accessToken));

/** What could not be stored goes on by itself. */
const isAlone = (world: World, context: Context): boolean => !!storyOf(world, context)?.isSpoilt;

/** Nothing goes wrong any more; everybody reads, asks once, and reads again. Answers what the requests brought. */
async function conclude(world: World): Promise<Map<Context, unknown>> {
  const { loop, network, channels, contexts, living } = world;
  network.heal();
  channels.lose(0);
  channels.slow(0);
  world.setLag(1);
  for (const context of contexts) {
    context.view.failing = 0;
    thaw(world, context);
  }
  const readAll = async () => {
    for (const context of living()) wake(world, context);
    await loop.run();
  };
  await loop.run();
  await loop.run(loop.now + REST);
  await readAll();
  const answers = new Map<Context, unknown>();
  for (const context of living().filter((context) => !isAlone(world, context))) {
    act(world, context, 'the last request', async () => {
      const answer = await request(world, context, '/data').catch((error: unknown) => error);
      answers.set(context, answer instanceof Response ? answer.status : answer);
    });
  }
  await loop.run();
  await readAll();
  return answers;
}

/** What must be true in the end of all that share what is stored. */
function judge(world: World, answers: Map<Context, unknown>): void {
  const { stories, waits, blame } = world;
  const expected = stories.expected();
  const seen = new Set<string>();
  for (const [context, answer] of answers) {
    const { name, auth } = context;
    const story = storyOf(world, context);
    if (expected && story !== expected) blame(`${name} ends without session ${expected.family.id}`);
    // Whoever is signed in can go on.
    if (story && !story.family.isDead && answer !== 200) blame(`${name} ends with ${answer}`);
    if (story?.isSignedOut) blame(`${name} ends in a session that was signed out`);
    seen.add(`${auth.sessionId} with ${auth.tokens?.accessToken}`);
  }
  if (seen.size > 1) blame(`the contexts do not agree: ${[...seen].join(', ')}`);
  for (const { context, name } of waits) if (!context.isGone) blame(`${name} in ${context.name} hangs`);
}

/** Answers what was wrong, and what happened. */
export async function play(scenario: Scenario, variant: Variant) {
  const world = createWorld(scenario, variant);
  const { loop, contexts, violations, log } = world;
  for (let count = 0; count < scenario.contexts; count++) world.open();
  await perform(world, { act: 'sign in', in: 0, how: 0, after: 0, tasks: 0 });
  await loop.run(loop.now + 5_000);
  for (const step of scenario.steps) {
    if (step.after) await loop.run(loop.now + step.after);
    await loop.step(step.tasks);
    world.note(`${step.act} ${step.in} ${step.how}`);
    await perform(world, step);
  }
  judge(world, await conclude(world));
  for (const { auth, surroundings, isGone } of contexts)
    if (!isGone) inside(surroundings, () => auth.close());
  return { violations, log };
}
