/** R33: whatever a call waits for, its signal ends the wait. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStage, grant, LOGIN, nth } from '../support/capturing.ts';
import { login, ME, settle, signedIn } from '../support/refresh.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

/** What a call rejected with; `waits` when it does not end. */
const ending = (call: Promise<unknown>) =>
  Promise.race([
    call.then(
      () => 'resolved',
      (error: unknown) => error,
    ),
    settle().then(() => 'waits'),
  ]);

test('R33: who gave up before starts no refresh', async () => {
  const { world, auth } = await signedIn();
  await auth.signIn({ ...login(), expiresAt: 1 });
  const signal = AbortSignal.abort('enough');
  for (const call of [
    auth.fetch(ME, { signal }),
    auth.getAccessToken({ signal }),
    auth.refresh({ signal }),
  ]) {
    expect(await ending(call)).toBe('enough');
  }
  await settle();
  expect([world.api.length, world.refreshes.length]).toEqual([0, 0]);
});

test.each([['text'], [{}], [[]], [5], [true]])(
  'R33: a signal that is none (%j) is named at once',
  async (signal) => {
    const { world, auth } = await signedIn({ tokens: { expires_in: 1 } });
    await vi.advanceTimersByTimeAsync(2_000);
    const failed = vi.fn();
    auth.on('refresh-failed', failed);
    const wrong = { signal: signal as never };
    const calls = [auth.fetch(ME, wrong), auth.getAccessToken(wrong), auth.refresh(wrong)];
    for (const error of await Promise.all(calls.map(ending))) {
      expect(error).toBeInstanceOf(TypeError);
      expect(`${error}`).toMatch(/: signal is .+; expected AbortSignal or undefined$/);
    }
    // It is no failure of the refresh, for which others wait.
    await auth.refresh();
    expect([world.refreshes.length, failed.mock.calls]).toEqual([1, []]);
  },
);

test('R33: an `isRejected` that never settles', async () => {
  const { world, auth } = await signedIn({ isRejected: never });
  const giveUp = new AbortController();
  const call = auth.fetch(ME, { signal: giveUp.signal });
  await settle();
  giveUp.abort('enough');
  expect([await ending(call), world.api.length]).toEqual(['enough', 1]);
});

test('R33: an `attach` that never settles, with a token that has expired', async () => {
  const { world, auth } = await signedIn({ attach: { tokenTypes: ['bearer'], headers: never } });
  await auth.signIn({ ...login(), expiresAt: 1 });
  const giveUp = new AbortController();
  const call = auth.fetch(ME, { signal: giveUp.signal });
  await settle();
  giveUp.abort('enough');
  expect([await ending(call), world.api.length]).toEqual(['enough', 0]);
});

test.each<[string, (signal: AbortSignal) => [RequestInfo, RequestInit?]]>([
  ['an init', (signal) => [LOGIN, { method: 'POST', signal }]],
  ['a Request', (signal) => [new Request(LOGIN, { method: 'POST', signal })]],
])(
  'R33, R40: a `read` that never settles, at a URL beyond `allow`, with the signal of %s',
  async (_of, call) => {
    const { auth, pending } = createStage({ capture: [{ url: LOGIN, startsSession: true, read: never }] });
    const giveUp = new AbortController();
    const answer = auth.fetch(...call(giveUp.signal));
    await settle();
    nth(pending, 0).answer(grant('access'));
    await settle();
    giveUp.abort(new Error('enough'));
    expect(await ending(answer)).toMatchObject({ message: 'enough' });
  },
);
