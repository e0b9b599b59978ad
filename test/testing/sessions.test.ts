/** Which token of the test server is good, which is spent, which is dead. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessions, type SessionRules } from '../../src/testing/sessions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ann = { subject: 'ann', clientId: 'spa' };

function open(rules: Partial<SessionRules> = {}) {
  const usual = { accessTokenLifetime: 500, refreshTokenLifetime: 5_000, rotation: true, reuseInterval: 0 };
  const sessions = createSessions({ ...usual, ...rules });
  const { session, issued } = sessions.begin(ann);
  return { sessions, session, access: issued.access_token, refresh: issued.refresh_token ?? '', issued };
}

test('a token response is that of RFC 6749, with fractions of seconds', () => {
  expect(open().issued).toEqual({
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 0.5,
    refresh_token: 'refresh-1',
  });
});

test('tokens live as long as they were said to, and no longer', () => {
  const { sessions, session, access, refresh } = open();
  vi.advanceTimersByTime(499);
  expect(sessions.find(access)).toBe(session);
  vi.advanceTimersByTime(1);
  expect(sessions.find(access)).toBeUndefined();
  vi.advanceTimersByTime(4_500);
  expect(sessions.refresh(refresh)).toEqual({ outcome: 'refused' });
});

test('a refresh token is good once, and the second time its session is over: access tokens too', () => {
  const { sessions, refresh } = open();
  const { issued } = sessions.refresh(refresh);
  expect(sessions.find(issued?.access_token ?? '')).toMatchObject(ann);
  expect(sessions.refresh(refresh).outcome).toBe('reused');
  expect(sessions.find(issued?.access_token ?? '')).toBeUndefined();
  expect(sessions.refresh(issued?.refresh_token ?? '').outcome).toBe('refused');
});

test('within the reuse interval, which counts from the first use, a spent one is answered', () => {
  const { sessions, refresh } = open({ reuseInterval: 100 });
  sessions.refresh(refresh);
  vi.advanceTimersByTime(60);
  expect(sessions.refresh(refresh).outcome).toBe('done');
  vi.advanceTimersByTime(60);
  expect(sessions.refresh(refresh).outcome).toBe('reused');
});

test('without rotation the refresh token stays', () => {
  const { sessions, refresh } = open({ rotation: false });
  for (let times = 0; times < 3; times++) {
    expect(sessions.refresh(refresh)).toMatchObject({ outcome: 'done', issued: { refresh_token: refresh } });
  }
});

describe('RFC 7009: who revokes', () => {
  test('a refresh token ends the session', () => {
    const { sessions, access, refresh } = open();
    sessions.revoke(refresh);
    expect([sessions.find(access), sessions.refresh(refresh).outcome]).toEqual([undefined, 'refused']);
  });

  test('an access token ends that one alone', () => {
    const { sessions, access, refresh } = open();
    sessions.revoke(access);
    expect([sessions.find(access), sessions.refresh(refresh).outcome]).toEqual([undefined, 'done']);
  });
});

test('only the sessions that are meant end', () => {
  const { sessions, access } = open();
  const bob = sessions.begin({ subject: 'bob', clientId: 'spa' });
  sessions.end(({ subject }) => subject === 'ann');
  expect([sessions.find(access), sessions.find(bob.issued.access_token)]).toEqual([undefined, bob.session]);
});
