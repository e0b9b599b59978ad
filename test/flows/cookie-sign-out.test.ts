/** R8, R32: what the cookie brings to the other pages while one signs out. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld } from '../support/cookie-world.ts';
import { short } from '../support/recorder.ts';
import { outcomeOf } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

type Page = ReturnType<ReturnType<typeof createCookieWorld>['open']>;

/** Of two pages the first is signed in, and refreshes for a second. */
async function setUp() {
  stubBrowser();
  const world = createCookieWorld({ ms: 0 });
  world.login();
  const a = world.open();
  await come(a.auth.ready);
  world.server.ms = 1_000;
  const refreshed = outcomeOf(a.auth.refresh());
  await pass(50);
  return { world, a, refreshed };
}

test('R32: a page that waits to ask for the first time does not ask after a sign-out that revokes', async () => {
  const { world, a, refreshed } = await setUp();
  const b = world.open();
  const asked = b.send();
  await pass(200);
  await come(a.auth.signOut());
  await pass(3_000);
  expect(world.asked.filter(({ path }) => path === '/token')).toHaveLength(2);
  expect(await refreshed).toBe('session-changed');
  expect(await asked).toBe(401);
  expect([a.auth.status, b.auth.status, short(b.told), world.server.living]).toEqual([
    'signed-out',
    'signed-out',
    [],
    [],
  ]);
});

test('R32: nor does one that asks explicitly, and had begun before', async () => {
  const { world, a } = await setUp();
  const b = world.open();
  await pass(100);
  const asked = outcomeOf(b.auth.refresh());
  await pass(100);
  await come(a.auth.signOut());
  await pass(3_000);
  expect(await asked).toBe('session-changed');
  expect([b.auth.status, short(b.told), world.server.living]).toEqual(['signed-out', [], []]);
});

test('R32: a refresh with nothing in hand revokes nothing of the session that began meanwhile', async () => {
  stubBrowser();
  const world = createCookieWorld({ ms: 0 });
  world.login();
  const [a, b] = [world.open(), world.open()];
  await come(a.auth.ready);
  await come(a.auth.signOut());
  await pass(200);
  world.server.ms = 1_000;
  // Sent with the cookie of the login that follows.
  const tokens = world.login('bob');
  const asked = outcomeOf(b.auth.refresh());
  await pass(300);
  await come(a.auth.signIn(tokens));
  await come(asked);
  await pass(3_000);
  expect(world.asked.filter(({ path }) => path === '/revoke')).toHaveLength(1);
  expect([a.auth.status, world.server.living.length]).toEqual(['signed-in', 1]);
});

test.for([
  ['a request', 200, ({ send }: Page) => send()],
  [
    'getAccessToken()',
    'string',
    ({ auth }: Page) => outcomeOf(auth.getAccessToken().then((token) => typeof token)),
  ],
  [
    'refresh()',
    'string',
    ({ auth }: Page) => outcomeOf(auth.refresh().then(({ accessToken }) => typeof accessToken)),
  ],
] as const)(
  'R8: a page that asks while another one signs in asks once more: what was refused was the cookie before (%s)',
  async ([, outcome, use]) => {
    stubBrowser();
    const world = createCookieWorld({ ms: 0 });
    const a = world.open();
    await come(a.auth.signIn(world.login()));
    await come(a.auth.signOut({ revoke: false }));
    world.logout();
    const b = world.open();
    world.refusalMs = 500;
    const used = use(b);
    await pass(100);
    await come(a.auth.signIn(world.login()));
    expect(await come(used)).toBe(outcome);
    await pass(1_000);
    expect([a.auth.status, b.auth.status, world.server.reused]).toEqual(['signed-in', 'signed-in', []]);
    expect(b.auth.sessionId).toBe(a.auth.sessionId);
  },
);
