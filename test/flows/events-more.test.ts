import type { Lock, TokenEvents } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { follow, record, short } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred, unauthorized } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('step-up-required', () => {
  const stepUp = 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age=5';

  test('R20: tells the challenge and the URL without query, and returns the response', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const told = record(auth);
    await auth.signIn(first);
    const response = unauthorized(stepUp);
    world.answerApi = () => response;
    expect(await auth.fetch(`${API}/pay?amount=5&code=secret#top`)).toBe(response);
    expect(world.refreshes).toEqual([]);
    expect(told.slice(1)).toStrictEqual([
      [
        'step-up-required',
        {
          url: `${API}/pay`,
          challenge: {
            scheme: 'Bearer',
            parameters: { error: 'insufficient_user_authentication', acr_values: 'gold', max_age: '5' },
          },
        },
      ],
    ]);
  });

  test('R20: a URL with credentials in it is told without them', async () => {
    const world = createWorld();
    world.fetch = async () => unauthorized(stepUp);
    const auth = createManager(world);
    const urls: string[] = [];
    auth.on('step-up-required', ({ url }) => void urls.push(url));
    await auth.signIn(first);
    await auth.fetch('https://user:password@api.example.com/pay');
    expect(urls).toEqual([`${API}/pay`]);
  });

  test('R20: a 403 for want of scope is told; other 403s and other methods of refusal are not', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const told = record(auth);
    await auth.signIn(first);
    const headers = [
      'Bearer error="insufficient_scope", scope="pay"',
      'Bearer error="other"',
      'Basic realm="x"',
    ];
    for (const challenge of headers) {
      world.answerApi = () => new Response(null, { status: 403, headers: { 'www-authenticate': challenge } });
      expect((await auth.fetch(`${API}/pay`)).status).toBe(403);
    }
    expect(short(told).slice(1)).toEqual(['step-up-required']);
  });

  test('R5, R2: signed out, or beyond `allow`, nothing is told', async () => {
    const world = createWorld();
    world.answerApi = () => unauthorized(stepUp);
    const auth = createManager(world);
    const told = record(auth);
    await auth.fetch(`${API}/pay`);
    await auth.signIn(first);
    await auth.fetch('https://other.example.com/pay');
    expect(short(told)).toEqual(['signed-in local']);
  });
});

describe('store-failed', () => {
  const boom = new Error('QuotaExceeded');
  const fail = () => {
    throw boom;
  };

  test.each([
    ['read', 'read'],
    ['write', 'replace'],
  ] as const)('R53: names the operation %s, and the session goes on', async (operation, broken) => {
    const world = createWorld();
    const cell = createCell();
    cell.before = (call) => call === broken && fail();
    const auth = createManager(world, { store: cell.open() });
    const failures: TokenEvents['store-failed'][] = [];
    auth.on('store-failed', (failure) => void failures.push(failure));
    await auth.ready;
    await auth.signIn(first);
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    await auth.signOut();
    expect(auth.tokens).toBeUndefined();
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(Object.keys(failure).sort()).toEqual(['error', 'operation']);
      expect(failure).toMatchObject({ operation, error: { message: 'QuotaExceeded' } });
      // R70: made anew.
      expect(failure.error).not.toBe(boom);
    }
  });

  test('R53: a store that hangs is given up after 5 s', async () => {
    const cell = createCell();
    cell.before = () => new Promise(() => {});
    const auth = createManager(createWorld(), { store: cell.open() });
    const told = record(auth);
    const ready = follow(auth.ready);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(ready.state).toBe('pending');
    await vi.advanceTimersByTimeAsync(1);
    expect(ready.state).toBe('resolved');
    expect(told).toMatchObject([['store-failed', { operation: 'read', error: { name: 'TimeoutError' } }]]);
  });
});

describe('when events go out (R55)', () => {
  test('R55: a listener finds the tokens it is told of, in the manager and in the store', async () => {
    const cell = createCell();
    const auth = createManager(createWorld(), { store: cell.open() });
    const found: unknown[] = [];
    auth.on('*', (...[event]) => {
      const token = auth.tokens?.accessToken;
      found.push([event, token, !!token && `${cell.entry?.value}`.includes(token)]);
    });
    await auth.signIn(first);
    await auth.refresh();
    await auth.signOut();
    expect(found).toEqual([
      ['signed-in', 'access-0', true],
      ['token-refreshed', 'access-1', true],
      ['signed-out', undefined, false],
    ]);
    expect(cell.entry?.value).not.toContain('access');
  });

  test('R55: events go out before the promise of their call resolves', async () => {
    const auth = createManager(createWorld());
    const order: string[] = [];
    auth.on('*', (...[event]) => void order.push(event));
    await auth.signIn(first).then(() => order.push('signed in'));
    await auth.signOut().then(() => order.push('signed out'));
    expect(order).toEqual(['signed-in', 'signed in', 'signed-out', 'signed out']);
  });

  test('R55: the lock is free again when a listener hears of a refresh', async () => {
    let holders = 0;
    const lock: Lock = async (task) => {
      holders += 1;
      try {
        return await task();
      } finally {
        await new Promise((resolve) => setTimeout(resolve, 50));
        holders -= 1;
      }
    };
    const auth = createManager(createWorld(), { store: createCell().open({ lock }) });
    const seen: number[] = [];
    auth.on('token-refreshed', () => void seen.push(holders));
    await auth.signIn(first);
    const refresh = auth.refresh();
    await vi.advanceTimersByTimeAsync(50);
    await refresh;
    expect(seen).toEqual([0]);
  });

  test('R55: no event of a refresh that a sign-out beat, and the order is that of the commits', async () => {
    const world = createWorld();
    const answer = deferred<Response>();
    world.answerRefresh = () => answer.promise;
    const auth = createManager(world);
    const told = record(auth);
    await auth.signIn(first);
    const refresh = Promise.allSettled([auth.refresh()]);
    await vi.advanceTimersByTimeAsync(0);
    const out = auth.signOut();
    const again = auth.signIn({ access_token: 'next' });
    answer.resolve(Response.json({ access_token: 'late' }));
    await Promise.all([refresh, out, again]);
    await vi.advanceTimersByTimeAsync(0);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local', 'signed-in local']);
    expect(auth.tokens?.accessToken).toBe('next');
  });
});
