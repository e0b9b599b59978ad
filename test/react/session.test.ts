/** What is shown of a session, without React. */
import { memoryStore, TokenError } from 'evertoken';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { unknownSession, watched } from '../../src/react/session.ts';
import { counting, createAuth, tokensOf } from '../support/react.ts';

const ended = async () => {
  throw new TokenError('session-ended');
};

test('the snapshot is the same object until something that is shown has changed', async () => {
  const { auth } = createAuth();
  const { snapshot } = watched(auth);
  await auth.signIn(tokensOf());
  const first = snapshot();
  expect(first).toEqual({
    status: 'signed-in',
    reconnecting: false,
    sessionId: auth.sessionId,
    claims: { name: 'Zoë' },
  });
  expect(Object.isFrozen(first)).toBe(true);
  for (let times = 0; times < 20; times++) {
    await auth.refresh();
    expect(snapshot()).toBe(first);
  }
});

test('a claim that has changed is shown', async () => {
  const { auth, answer } = createAuth();
  const { snapshot } = watched(auth);
  await auth.signIn(tokensOf({ name: 'Zoë', roles: ['reader'] }));
  const first = snapshot();
  answer.refresh = async () => tokensOf({ roles: ['reader', 'admin'], name: 'Zoë' });
  await auth.refresh();
  expect(snapshot()).not.toBe(first);
  expect(snapshot().claims).toEqual({ name: 'Zoë', roles: ['reader', 'admin'] });
});

test('where nothing is known yet the snapshot is the server’s', () => {
  const { auth } = createAuth({ store: memoryStore() });
  expect(watched(auth).snapshot()).toBe(unknownSession);
});

describe('listeners', () => {
  test('are there while somebody watches, also when two hand over one function', async () => {
    const { auth, counts } = counting(createAuth().auth);
    const { subscribe, snapshot } = watched(auth);
    snapshot();
    expect(counts.listeners).toBe(0);
    const changed = vi.fn();
    const [first, second] = [subscribe(changed), subscribe(changed)];
    first();
    expect(counts.listeners).toBeGreaterThan(0);
    await auth.signIn(tokensOf());
    expect(changed).toHaveBeenCalledTimes(1);
    second();
    expect(counts.listeners).toBe(0);
    await auth.signOut();
    expect(changed).toHaveBeenCalledTimes(1);
  });

  test('belong to one manager: two on one page do not meet', async () => {
    const [one, other] = [createAuth().auth, createAuth().auth];
    await one.signIn(tokensOf());
    expect(watched(one)).toBe(watched(one));
    expect(watched(one).snapshot().status).toBe('signed-in');
    expect(watched(other).snapshot().status).toBe('signed-out');
  });
});

describe('the reason of the last end', () => {
  test('is told: by the server, here', async () => {
    const { auth, answer } = createAuth();
    const stop = watched(auth).subscribe(() => {});
    await auth.signIn(tokensOf());
    answer.refresh = ended;
    await auth.refresh().catch(() => {});
    expect(watched(auth).snapshot()).toMatchObject({ reason: 'ended', elsewhere: false, claims: {} });
    stop();
  });

  test('stays known when the last component goes and the next one comes', async () => {
    const { auth } = createAuth();
    await auth.signIn(tokensOf());
    const stop = watched(auth).subscribe(() => {});
    await auth.signOut();
    stop();
    expect(watched(auth).snapshot()).toMatchObject({ status: 'signed-out', reason: 'local' });
    watched(auth).subscribe(() => {})();
    expect(watched(auth).snapshot()).toMatchObject({ status: 'signed-out', reason: 'local' });
  });

  test('is not that of an earlier session, when nobody watched the end of the last', async () => {
    const { auth, answer } = createAuth();
    await auth.signIn(tokensOf());
    const stop = watched(auth).subscribe(() => {});
    await auth.signOut();
    await auth.signIn(tokensOf());
    expect(watched(auth).snapshot().reason).toBeUndefined();
    stop();
    answer.refresh = ended;
    await auth.refresh().catch(() => {});
    expect(watched(auth).snapshot()).toEqual({ status: 'signed-out', reconnecting: false, claims: {} });
  });
});

describe('reconnecting', () => {
  test('begins with a refresh that failed, says when the next one is, and ends with one that worked', async () => {
    const { auth, answer } = createAuth();
    await auth.signIn(tokensOf());
    const changed = vi.fn();
    const stop = watched(auth).subscribe(changed);
    answer.refresh = async () => {
      throw new Error('offline');
    };
    await auth.refresh().catch(() => {});
    expect(changed).toHaveBeenCalledTimes(1);
    const { retryAt } = watched(auth).snapshot();
    expect(watched(auth).snapshot()).toMatchObject({ status: 'signed-in', reconnecting: true });
    expect(retryAt).toBeGreaterThan(Date.now());
    answer.refresh = async () => tokensOf();
    await auth.refresh();
    expect(watched(auth).snapshot()).toMatchObject({ reconnecting: false });
    expect(watched(auth).snapshot().retryAt).toBeUndefined();
    stop();
  });

  test('ends with the session', async () => {
    const { auth, answer } = createAuth();
    await auth.signIn(tokensOf());
    const stop = watched(auth).subscribe(() => {});
    answer.refresh = async () => {
      throw new Error('offline');
    };
    await auth.refresh().catch(() => {});
    await auth.signOut();
    expect(watched(auth).snapshot()).toMatchObject({ reconnecting: false, reason: 'local' });
    stop();
  });
});

describe('where a cookie holds the session', () => {
  const createCookie = () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const calls: number[] = [];
    const outcome = { isOffline: true };
    const refresh = Object.assign(
      async () => {
        calls.push(Date.now());
        if (outcome.isOffline) throw new Error('offline');
        return tokensOf();
      },
      { withoutRefreshToken: true },
    );
    return { ...createAuth({ refresh }), calls, outcome };
  };

  test('the first subscriber asks the server, and nobody before', async () => {
    const { auth, calls, outcome } = createCookie();
    outcome.isOffline = false;
    watched(auth).snapshot();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual([]);
    const stop = watched(auth).subscribe(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(watched(auth).snapshot()).toMatchObject({ status: 'signed-in', claims: { name: 'Zoë' } });
    stop();
  });

  test('a server that could not be reached is asked again at retryAt, while somebody watches', async () => {
    const { auth, calls, outcome } = createCookie();
    const stop = watched(auth).subscribe(() => {});
    await vi.advanceTimersByTimeAsync(0);
    const { status, reconnecting, retryAt = 0 } = watched(auth).snapshot();
    expect([status, reconnecting]).toEqual(['unknown', true]);
    expect(calls).toHaveLength(1);
    outcome.isOffline = false;
    await vi.advanceTimersByTimeAsync(retryAt - Date.now() + 1);
    expect(calls).toHaveLength(2);
    expect(watched(auth).snapshot()).toMatchObject({ status: 'signed-in', reconnecting: false });
    stop();
  });

  test('nobody is asked when nobody watches any more', async () => {
    const { auth, calls } = createCookie();
    const stop = watched(auth).subscribe(() => {});
    await vi.advanceTimersByTimeAsync(0);
    stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
