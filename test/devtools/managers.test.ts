/** What the panel knows of a manager, after what it has told. */
import { describe, expect, test } from 'vitest';
import { type ManagerState, nextManagers, shortened } from '../../src/devtools/managers.ts';
import { stepOf } from '../support/steps.ts';

const stateAfter = (...steps: [step: string, detail?: object][]) =>
  steps.reduce<readonly ManagerState[]>(
    (managers, [step, detail]) => nextManagers(managers, stepOf(step, { ...detail })),
    [],
  );

const life = { issuedAt: 1, aheadAt: 2, waitAt: 3, expiresAt: 4 };
const created = ['created', { status: 'unknown', store: 'web shop', allow: ['/'] }] as [string, object];
const signedIn = ['signed-in', { sessionId: 'abc', life }] as [string, object];

describe('a manager', () => {
  test('is there once it is created', () => {
    expect(stateAfter(created)).toEqual([{ number: 1, status: 'unknown', store: 'web shop', allow: ['/'] }]);
  });

  test('is there also if its creation is forgotten', () => {
    expect(stateAfter(signedIn)).toMatchObject([{ number: 1, status: 'signed-in', store: '' }]);
  });

  test('has a session and the life of its token', () => {
    expect(stateAfter(created, signedIn)).toMatchObject([{ status: 'signed-in', sessionId: 'abc', life }]);
    const later = { ...life, issuedAt: 9 };
    expect(stateAfter(created, signedIn, ['token-refreshed', { life: later }])[0]?.life).toEqual(later);
  });

  test('is signed out, and says why, when, and whether elsewhere', () => {
    const [manager] = stateAfter(created, signedIn, ['signed-out', { reason: 'ended', elsewhere: true }]);
    expect(manager).toMatchObject({
      status: 'signed-out',
      end: { reason: 'ended', elsewhere: true, at: 1_000_000 },
    });
    expect([manager?.sessionId, manager?.life]).toEqual([undefined, undefined]);
  });

  test('waits after a failed refresh, until one works', () => {
    const failed = ['refresh-failed', { retryAt: 5 }] as [string, object];
    expect(stateAfter(signedIn, failed)[0]?.retryAt).toBe(5);
    expect(stateAfter(signedIn, failed, ['token-refreshed', { life }])[0]?.retryAt).toBeUndefined();
  });

  test('learns that nobody is signed in, and closes', () => {
    expect(stateAfter(created, ['status', { status: 'signed-out' }])[0]?.status).toBe('signed-out');
    expect(stateAfter(created, ['closed'])[0]?.status).toBe('closed');
  });
});

test('a step that says nothing of a manager leaves them as they are', () => {
  const managers = stateAfter(created);
  expect(nextManagers(managers, stepOf('sent'))).toBe(managers);
  expect(nextManagers(managers, { step: 'signed-in', at: 0, detail: {} })).toBe(managers);
});

test('of many the closed ones are forgotten first, then the oldest', () => {
  const many = Array.from(
    { length: 20 },
    (_, index) => ['created', { manager: index + 1 }] as [string, object],
  );
  const closed = ['closed', { manager: 7 }] as [string, object];
  const numbers = stateAfter(...many, closed, ['created', { manager: 21 }]).map(({ number }) => number);
  expect(numbers).toHaveLength(20);
  expect(numbers).not.toContain(7);
  expect(stateAfter(...many, ['created', { manager: 21 }]).map(({ number }) => number)).not.toContain(1);
});

test('a session id is shown by its first letters', () => {
  expect(shortened('0123456789abcdef')).toBe('01234567…');
  expect(shortened('short')).toBe('short');
});
