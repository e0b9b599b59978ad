/** Another user signs in in one tab, while requests of the one before are on the way in all. */
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld, type World } from './support/world.ts';

const TABS = 8;
const REQUESTS = 3;
const ALL = TABS * REQUESTS;

/** Alice's tabs, whose token is refused from now on. */
async function openAsAlice(world: World): Promise<[Tab, Tab]> {
  const [first, second] = await world.openSignedIn(TABS, () => world.login('alice'));
  await world.deny(first);
  await askAll(first, TABS, 'forget');
  return [first, second];
}

/** What the API has said to the requests of one user. */
const verdicts = ({ seen }: World, user: string) =>
  seen.filter(({ path }) => path.startsWith(`/${user}/`)).map(({ refusal }) => refusal ?? 'accepted');

/** Every tab is bob's, has been told so once, and works. */
async function expectBobEverywhere(world: World, first: Tab): Promise<void> {
  await expect.poll(async () => new Set(await askAll(first, TABS, 'token')).size).toBe(1);
  const told = await askAll(first, TABS, 'told');
  expect(told.map((all) => all.map(({ event }) => event))).toEqual(
    Array(TABS).fill(['signed-out', 'signed-in']),
  );
  expect(new Set(told.map((all) => all[1]?.sessionId)).size).toBe(1);
  const answers = await askAll(first, TABS, 'burst', REQUESTS, 'bob');
  expect(answers.flat()).toEqual(Array(ALL).fill(200));
  expect(verdicts(world, 'alice')).toEqual(Array(ALL).fill('denied'));
  expect(world.server.stats.reuse).toBe(0);
}

inEveryEngine('another user signs in in one of eight tabs', (browser) => {
  test('R32: requests that wait for a refresh reject with session-changed and are never sent as the new user', async () => {
    await using world = await startWorld(browser());
    const [first, second] = await openAsAlice(world);
    const bob = await world.login('bob');
    const called = world.gate.shut();
    const burst = askAll(first, TABS, 'burst', REQUESTS, 'alice');
    await called;
    await expect.poll(() => verdicts(world, 'alice').length).toBe(ALL);
    await ask(second, 'signIn', bob);
    world.gate.open();
    expect((await burst).flat()).toEqual(Array(ALL).fill('session-changed'));
    await expectBobEverywhere(world, first);
  });

  test('R32: requests that are refused after the other sign-in reject with session-changed and are not sent again', async () => {
    await using world = await startWorld(browser());
    const [first, second] = await openAsAlice(world);
    const bob = await world.login('bob');
    await askAll(first, TABS, 'holdAnswers');
    const burst = askAll(first, TABS, 'burst', REQUESTS, 'alice');
    await expect.poll(() => verdicts(world, 'alice').length).toBe(ALL);
    await ask(second, 'signIn', bob);
    const bobs = await ask(second, 'token');
    await expect.poll(() => askAll(first, TABS, 'token')).toEqual(Array(TABS).fill(bobs));
    await askAll(first, TABS, 'releaseAnswers');
    expect((await burst).flat()).toEqual(Array(ALL).fill('session-changed'));
    expect(world.server.stats.refreshes).toBe(0);
    await expectBobEverywhere(world, first);
  });
});
