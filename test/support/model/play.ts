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

/** Everybody asks. Answers what the requests brought. */
async function askAll(world: World): Promise<Map<Context, unknown>> {
  const answers = new Map<Context, unknown>();
  for (const context of world.living()) {
    act(world, context, 'the last request', async () => {
      const answer = await request(world, context, '/data').catch((error: unknown) => error);
      answers.set(context, answer instanceof Response ? answer.status : answer);
    });
  }
  await world.loop.run();
  return answers;
}

/** Nothing goes wrong any more; everybody reads, asks, and reads again. Answers what the last requests brought. */
async function conclude(world: World, isPrompt?: boolean): Promise<Map<Context, unknown>> {
  const { loop, network, news, faults, contexts, living } = world;
  network.heal();
  news.heal();
  faults.heal();
  for (const context of contexts) thaw(world, context);
  const readAll = async () => {
    for (const context of living()) wake(world, context);
    await loop.run();
  };
  await loop.run();
  await loop.run(loop.now + REST);
  await readAll();
  let answers = await askAll(world);
  if (!isPrompt) {
    await loop.run(loop.now + REST);
    answers = await askAll(world);
  }
  await readAll();
  return answers;
}

/** Whether a sign-out may have been lost: the context in which it happened is gone, and could not store it. */
const mayBeLost = ({ contexts, faults }: World, by: string) =>
  contexts.some((one) => one.name === by && (one.isGone || one.isClosed) && faults.isTroubled(one, 0));

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
    if (story?.signedOutBy && !mayBeLost(world, story.signedOutBy))
      blame(`${name} ends in a session that was signed out`);
    if (auth.status === 'unknown') blame(`${name} does not know who is signed in`);
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
  judge(world, await conclude(world, scenario.isPrompt));
  for (const { auth, surroundings, isGone } of contexts)
    if (!isGone) inside(surroundings, () => auth.close());
  return { violations, log };
}
