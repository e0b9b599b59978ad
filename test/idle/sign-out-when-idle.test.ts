// @vitest-environment jsdom
/** Sessions that come and go while somebody wants to know who is idle. */
import { memoryStore } from 'evertoken';
import { signOutWhenIdle } from 'evertoken/idle';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createIdle, minute, second, usePage } from '../support/idle.ts';
import { createAuth, tokensOf } from '../support/react.ts';

const after = 15 * minute;

test('bad options are a TypeError at once', () => {
  expect(() => signOutWhenIdle(createAuth().auth, {})).toThrow(TypeError);
  expect(() => signOutWhenIdle(createAuth().auth, null as never)).toThrow(
    __DEVELOPMENT__ ? 'one of after and maxAge' : 'after Infinity',
  );
});

test.for([undefined, null, {}, 'x'])('what is no manager is a TypeError at once: %o', (given) => {
  const start = () => signOutWhenIdle(given as never, { after });
  expect(start).toThrow(TypeError);
  if (__DEVELOPMENT__) expect(start).toThrow(/^evertoken\/idle: there is no manager; hand over what/);
});

test('it has a timer while somebody is signed in, and none ten seconds later', async () => {
  const { listening, pass } = usePage();
  const { auth } = createAuth();
  const stop = signOutWhenIdle(auth, { after });
  expect(vi.getTimerCount()).toBe(0);
  await auth.signIn(tokensOf());
  // The storage of jsdom tells others of what was written.
  await pass(0);
  expect(vi.getTimerCount()).toBe(1);
  await auth.signOut();
  await pass(10 * second);
  expect(vi.getTimerCount()).toBe(0);
  expect(listening).toEqual(['keydown', 'pointerdown', 'pointermove', 'wheel']);
  stop();
  expect(listening).toEqual([]);
});

test('a refresh changes nothing: the user was not there', async () => {
  const { pass } = usePage();
  const { auth } = await createIdle({ after });
  await pass(10 * minute);
  await auth.refresh();
  await pass(6 * minute);
  expect(auth.status).toBe('signed-out');
});

test('another sign-in begins anew, also over a running session', async () => {
  const { pass, items } = usePage();
  const { auth } = await createIdle({ after });
  await pass(10 * minute);
  await auth.signIn(tokensOf());
  expect(items()).toEqual([expect.stringContaining(`${auth.sessionId}`)]);
  await pass(10 * minute);
  expect(auth.status).toBe('signed-in');
  await pass(6 * minute);
  expect(auth.status).toBe('signed-out');
});

test('stop() leaves nothing behind, and what all tabs have noted of the session stays', async () => {
  const { listening, items, pass } = usePage();
  const { auth, stop } = await createIdle({ after });
  stop();
  stop();
  await pass(0);
  expect([listening.length, vi.getTimerCount()]).toEqual([0, 0]);
  expect(items()).toHaveLength(1);
  await pass(after * 2);
  expect(auth.status).toBe('signed-in');
  await auth.signOut();
  await auth.signIn(tokensOf());
  expect(listening).toEqual([]);
});

test('stop() while a sign-out waits for the other tabs ends that, too', async () => {
  const { pass } = usePage();
  const { auth, stop, warnings } = await createIdle({ after });
  await pass(after + 100);
  expect(warnings.at(-1)?.remaining).toBe(0);
  stop();
  await pass(10 * second);
  expect(auth.status).toBe('signed-in');
});

test.for([
  ['signOut', ['local'], 0],
  ['stop', [], 1],
] as const)(
  '%s() while the lock is asked for ends that, too, and no note of nobody is left',
  async (given) => {
    const [what, said, notes] = given;
    const { pass, items } = usePage();
    let grant: ((lock: object) => unknown) | undefined;
    const request = (_name: string, _: object, task: typeof grant) => {
      grant = task;
      return new Promise(() => {});
    };
    vi.stubGlobal('navigator', { locks: { request } });
    const { auth, stop, told } = await createIdle({ after });
    const signOut = vi.spyOn(auth, 'signOut');
    await pass(after + 300);
    if (what === 'stop') stop();
    else await auth.signOut();
    signOut.mockClear();
    await grant?.({});
    expect(signOut).not.toHaveBeenCalled();
    expect(told).toEqual(said);
    expect(items()).toHaveLength(notes);
  },
);

test('two managers on one page have each its own time', async () => {
  const { pass, actElsewhere } = usePage();
  const one = await createIdle({ after });
  const other = await createIdle({ after });
  await pass(10 * minute);
  // Somewhere else the user is active in the app of one of them.
  actElsewhere(one.auth);
  await pass(6 * minute);
  expect([one.auth.status, other.auth.status]).toEqual(['signed-in', 'signed-out']);
});

test('of several tabs one signs out, and the others hear of it', async () => {
  const { pass } = usePage();
  const revoked = vi.fn(async () => {});
  /** As Web Locks do it. */
  let isHeld = false;
  async function request(_name: string, _: object, task: (lock: object | null) => unknown): Promise<void> {
    await Promise.resolve();
    if (isHeld) return void (await task(null));
    isHeld = true;
    await task({});
    isHeld = false;
  }
  vi.stubGlobal('navigator', { locks: { request } });
  const store = memoryStore();
  const options = { store, revoke: revoked };
  const first = await createIdle({ after }, createAuth(options).auth);
  const others = await Promise.all(
    [1, 2, 3].map(async () => {
      const { auth } = createAuth(options);
      await auth.ready;
      return createIdle({ after }, auth);
    }),
  );
  const signOuts = [first, ...others].map(({ auth }) => vi.spyOn(auth, 'signOut'));
  await pass(after + 5 * second);
  expect([first, ...others].map(({ auth }) => auth.status)).toEqual(Array(4).fill('signed-out'));
  expect(signOuts.flatMap(({ mock }) => mock.calls)).toHaveLength(1);
  expect(revoked).toHaveBeenCalledTimes(1);
  const told = [first, ...others].flatMap((tab) => tab.told).sort();
  expect(told).toEqual(['local', 'local elsewhere', 'local elsewhere', 'local elsewhere']);
});

test('a tab that has not heard of the sign-out yet finds the lock kept, and one that is closed keeps none', async () => {
  const { pass } = usePage();
  const held: unknown[] = [];
  const request = async (_name: string, _: object, task: (lock: object) => unknown) => {
    held.push('kept');
    await task({});
    held.pop();
  };
  vi.stubGlobal('navigator', { locks: { request } });
  const first = await createIdle({ after });
  await pass(after + second);
  expect([first.auth.status, held]).toEqual(['signed-out', ['kept']]);
  await pass(10 * second);
  expect(held).toEqual([]);
  const closed = await createIdle({ after });
  closed.auth.close();
  await pass(after + second);
  expect(held).toEqual([]);
});

test('where locks are refused, as in a sandboxed frame, the user is signed out all the same', async () => {
  const { pass } = usePage();
  vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(new Error('SecurityError')) } });
  const { auth, told } = await createIdle({ after });
  await pass(after + second);
  expect([auth.status, told]).toEqual(['signed-out', ['local']]);
});

test('what stops an event on its way to the page does not hide the user', async () => {
  const { act, pass } = usePage();
  const deaf = (event: Event) => event.stopImmediatePropagation();
  document.body.addEventListener('keydown', deaf);
  onTestFinished(() => document.body.removeEventListener('keydown', deaf));
  const { auth } = await createIdle({ after });
  await pass(10 * minute);
  await act('keydown');
  await pass(10 * minute);
  expect(auth.status).toBe('signed-in');
});

test('whoever moves the pointer when the time is over postpones nothing', async () => {
  const { act, pass, sleep } = usePage();
  const { auth } = await createIdle({ after });
  await pass(minute);
  sleep(3_600_000);
  for (let times = 0; times < 10; times++) {
    await act('pointermove');
    await pass(100);
  }
  expect(auth.status).toBe('signed-out');
});

test('stop() in a callback leaves no timer behind', async () => {
  const { pass } = usePage();
  const { auth, stop } = await createIdle({ after, onWarn: () => stop() });
  await pass(after);
  expect(vi.getTimerCount()).toBe(0);
  await pass(after);
  expect(auth.status).toBe('signed-in');
});

test('signOut() in a callback ends the countdown', async () => {
  const { pass } = usePage();
  const onWarn = vi.fn(() => auth.signOut());
  const { auth, told } = await createIdle({ after, onWarn });
  await pass(after);
  expect(onWarn).toHaveBeenCalledTimes(1);
  expect(told).toEqual(['local']);
  expect(vi.getTimerCount()).toBe(0);
});
