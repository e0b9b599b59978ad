// @vitest-environment jsdom
/** Time that passes over one session: inactivity, its whole span, the countdown, clocks, what tabs note. */
import { describe, expect, test, vi } from 'vitest';
import { createIdle, hour, minute, second, usePage } from '../support/idle.ts';
import { createAuth, tokensOf } from '../support/react.ts';

const quarter = 15 * minute;

describe('inactivity', () => {
  test.for(['keydown', 'pointerdown', 'pointermove', 'wheel'])(
    'whoever does something (%s) stays, and is signed out once a quarter of an hour after the last time',
    async (type) => {
      const { pass, act } = usePage();
      const { auth, told } = await createIdle({ after: quarter });
      for (let times = 0; times < 5; times++) {
        await pass(quarter - 2 * minute);
        await act(type);
      }
      await pass(quarter - second);
      expect(auth.status).toBe('signed-in');
      await pass(2 * second);
      expect(auth.status).toBe('signed-out');
      await pass(hour);
      expect(told).toEqual(['local']);
    },
  );

  test('activity in another tab counts', async () => {
    const { pass, actElsewhere } = usePage();
    const { auth, warnings } = await createIdle({ after: quarter });
    for (let times = 0; times < 5; times++) {
      await pass(quarter - 2 * minute);
      actElsewhere(auth);
    }
    await pass(quarter - 2 * minute);
    expect(auth.status).toBe('signed-in');
    expect(warnings).toEqual([]);
    await pass(3 * minute);
    expect(auth.status).toBe('signed-out');
  });

  test('what another tab has seen at the last moment is waited for', async () => {
    const { pass, actElsewhere } = usePage();
    const { auth, told, warnings } = await createIdle({ after: quarter });
    await pass(quarter + 100);
    expect(warnings.at(-1)).toEqual({ remaining: 0, cause: 'idle' });
    actElsewhere(auth);
    await pass(second);
    expect(auth.status).toBe('signed-in');
    expect(told).toEqual(['active']);
  });

  test('sleep counts: who opens the laptop is signed out, and what is typed then comes too late', async () => {
    const { pass, act, sleep } = usePage();
    const { auth, warnings } = await createIdle({ after: quarter });
    await pass(minute);
    sleep(hour);
    await act('keydown');
    await pass(second);
    expect(auth.status).toBe('signed-out');
    expect(warnings).toEqual([{ remaining: 0, cause: 'idle' }]);
  });

  test('R13: whoever opens the laptop and touches nothing is signed out within ten seconds', async () => {
    const { pass, sleep } = usePage();
    const { auth } = await createIdle({ after: quarter });
    await pass(minute + second);
    sleep(hour);
    await pass(10.3 * second);
    expect(auth.status).toBe('signed-out');
  });

  test('a page that is opened after the time is over warns, and signs out 300 ms later', async () => {
    const { pass, sleep } = usePage();
    const { auth, stop } = await createIdle({ after: quarter });
    stop();
    sleep(hour);
    const again = await createIdle({ after: quarter }, auth);
    expect(again.warnings).toEqual([{ remaining: 0, cause: 'idle' }]);
    await pass(300);
    expect(again.auth.status).toBe('signed-out');
  });
});

describe('the countdown', () => {
  test('begins warnBefore the sign-out, comes each second in every tab, and ends with 0', async () => {
    const { pass } = usePage();
    const { warnings, told } = await createIdle({ after: quarter, warnBefore: 5 * second });
    await pass(quarter - 5 * second - 1);
    expect(warnings).toEqual([]);
    await pass(6 * second);
    const seconds = warnings.map(({ remaining }) => Math.ceil(remaining / second));
    expect(seconds).toEqual([5, 4, 3, 2, 1, 0]);
    expect(new Set(warnings.map(({ cause }) => cause))).toEqual(new Set(['idle']));
    expect(told).toEqual(['local']);
  });

  test('comes no more often for what the user does while it is the whole span that ends', async () => {
    const { pass, act } = usePage();
    const { warnings, told } = await createIdle({ after: hour, maxAge: quarter, warnBefore: 5 * second });
    await pass(quarter - 6 * second);
    for (let times = 0; times < 35; times++) {
      await act(['keydown', 'wheel', 'pointermove'][times % 3]);
      await pass(second / 5);
    }
    const seconds = warnings.map(({ remaining }) => Math.ceil(remaining / second));
    expect(seconds).toEqual([5, 4, 3, 2, 1, 0]);
    expect(told).toEqual(['local']);
  });

  test.for(['here', 'elsewhere'])('ends with onActive when the user is back %s', async (where) => {
    const { pass, act, actElsewhere } = usePage();
    const { auth, warnings, told } = await createIdle({ after: quarter, warnBefore: 5 * second });
    await pass(quarter - 3 * second);
    if (where === 'here') await act();
    else actElsewhere(auth);
    await pass(second);
    const before = warnings.length;
    expect(told).toEqual(['active']);
    await pass(quarter - 10 * second);
    expect(warnings).toHaveLength(before);
    expect(auth.status).toBe('signed-in');
  });

  test('what callbacks throw is reported, and the user signed out all the same', async () => {
    const { pass } = usePage();
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const { auth } = await createIdle({
      after: quarter,
      warnBefore: second,
      onWarn: () => {
        throw new Error('mine');
      },
    });
    await pass(quarter + second);
    expect(auth.status).toBe('signed-out');
    expect(report.mock.calls.map(([error]) => `${error}`)).toEqual(['Error: mine', 'Error: mine']);
  });
});

describe('the whole span', () => {
  test('ends the session, whatever the user does, with a warning that says so', async () => {
    const { pass, act } = usePage();
    const { auth, warnings, told } = await createIdle({
      after: quarter,
      maxAge: hour,
      warnBefore: 2 * second,
    });
    for (let minutes = 0; minutes < 59; minutes++) {
      await pass(minute);
      await act();
    }
    expect(warnings).toEqual([]);
    await pass(59 * second);
    await act();
    expect(warnings.at(-1)?.cause).toBe('age');
    await pass(2 * second);
    expect(auth.status).toBe('signed-out');
    expect(told).toEqual(['local']);
  });

  test('is counted over reloads', async () => {
    const { pass } = usePage();
    const { auth, stop } = await createIdle({ maxAge: hour });
    await pass(40 * minute);
    stop();
    await createIdle({ maxAge: hour }, auth);
    await pass(19 * minute);
    expect(auth.status).toBe('signed-in');
    await pass(2 * minute);
    expect(auth.status).toBe('signed-out');
  });

  test('is not begun anew by whoever clears the storage under an open tab', async () => {
    const { pass } = usePage();
    const { auth } = await createIdle({ maxAge: hour });
    await pass(40 * minute);
    localStorage.clear();
    await pass(21 * minute);
    expect(auth.status).toBe('signed-out');
  });

  test('of 60 days does not end at once, and does end', async () => {
    const { pass, sleep } = usePage();
    const { auth } = await createIdle({ maxAge: 60 * 24 * hour });
    await pass(2 * minute);
    expect(auth.status).toBe('signed-in');
    sleep(60 * 24 * hour);
    await pass(11 * second);
    expect(auth.status).toBe('signed-out');
  });

  test('alone writes nothing for what the user does', async () => {
    const { pass, act, items } = usePage();
    await createIdle({ maxAge: hour });
    const before = items();
    await pass(minute);
    await act();
    expect(items()).toEqual(before);
  });
});

describe('the clock', () => {
  test('set back by more than the time is taken for a nap as long', async () => {
    const { pass } = usePage();
    const { auth } = await createIdle({ after: quarter, maxAge: hour });
    await pass(minute);
    vi.setSystemTime(Date.now() - 24 * hour);
    await pass(11 * second);
    expect(auth.status).toBe('signed-out');
  });

  test('set back by less signs nobody out who is there', async () => {
    const { pass, act } = usePage();
    const { auth } = await createIdle({ after: quarter });
    await pass(minute);
    vi.setSystemTime(Date.now() - 10 * minute);
    await act();
    await pass(14 * minute);
    expect(auth.status).toBe('signed-in');
    await pass(2 * minute);
    expect(auth.status).toBe('signed-out');
  });
});

describe('storage', () => {
  test('what is noted is written a thousand times in `after` at most, and gone with the session', async () => {
    const { pass, act, items } = usePage();
    const { auth } = await createIdle({ after: quarter });
    const set = vi.spyOn(Storage.prototype, 'setItem');
    expect(items()).toEqual([
      expect.stringMatching(`^evertoken\\.idle\\.${auth.sessionId} \\[\\d+,\\d+\\]$`),
    ]);
    const before = items();
    for (let times = 0; times < 100; times++) await act('pointermove');
    expect(items()).toEqual(before);
    await pass(second);
    await act('pointermove');
    expect(items()).not.toEqual(before);
    expect(set.mock.calls.length).toBeLessThan(3);
    await auth.signOut();
    expect(items()).toEqual([]);
  });

  test.for(['', 'x', '1', '[', '{}', 'null', 'NaN'])(
    'what is no note of ours is taken for none: %j',
    async (text) => {
      const { pass } = usePage();
      const { auth } = createAuth();
      await auth.signIn(tokensOf());
      localStorage.setItem(`evertoken.idle.${auth.sessionId}`, text);
      await createIdle({ after: quarter }, auth);
      await pass(quarter - second);
      expect(auth.status).toBe('signed-in');
      await pass(2 * second);
      expect(auth.status).toBe('signed-out');
    },
  );

  test('where it is refused, this tab goes on alone', async () => {
    const { pass, act } = usePage();
    vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
      throw new DOMException('blocked', 'SecurityError');
    });
    const { auth } = await createIdle({ after: quarter });
    await pass(10 * minute);
    await act();
    await pass(10 * minute);
    expect(auth.status).toBe('signed-in');
    await pass(6 * minute);
    expect(auth.status).toBe('signed-out');
  });
});

test('numbers that are none end the session: nobody stays signed in for good', async () => {
  const { pass } = usePage();
  const { auth } = createAuth();
  await auth.signIn(tokensOf());
  localStorage.setItem(`evertoken.idle.${auth.sessionId}`, '["x",null]');
  await createIdle({ after: quarter, maxAge: hour }, auth);
  await pass(second);
  expect(auth.status).toBe('signed-out');
});

test('after `auth.close()` what runs on ends with the time at the latest', async () => {
  const { listening, pass } = usePage();
  const { auth } = await createIdle({ after: quarter });
  auth.close();
  await pass(quarter + second);
  expect(listening).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
