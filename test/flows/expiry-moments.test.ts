/** Moments of expiry, in the forms in which servers and apps write them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder } from '../support/attach.ts';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = NOW + 3_600_000;

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

async function expiresAt(tokens: object): Promise<number | undefined> {
  const auth = createRecorded(createRecorder());
  await auth.signIn({ access_token: 'x', ...tokens } as never);
  return auth.tokens?.expiresAt;
}

describe('R10: a moment', () => {
  test.each([
    ['in milliseconds', HOUR],
    ['in milliseconds, as text', `${HOUR}`],
    ['in seconds, which it can be nothing else than', HOUR / 1_000],
    ['in seconds, as text', `${HOUR / 1_000}`],
    ['as a Date', new Date(HOUR)],
    ['in ISO 8601', new Date(HOUR).toISOString()],
    ['in ISO 8601 with an offset', '2026-01-01T02:00:00+01:00'],
  ])('%s is understood, as expiresAt and as expires_at', async (_form, moment) => {
    expect(await expiresAt({ expiresAt: moment })).toBe(HOUR);
    expect(await expiresAt({ expires_at: moment })).toBe(HOUR);
  });

  test.each(['soon', '', 'null', -1, 0, Number.NaN, new Date(Number.NaN), {}, true])(
    '%j says nothing: the lifetime is unknown',
    async (moment) => {
      expect(await expiresAt({ expires_at: moment })).toBeUndefined();
    },
  );

  test('on the wire gives way to `expires_in`, because the server’s clock may differ', async () => {
    expect(await expiresAt({ expires_in: 60, expires_at: HOUR / 1_000 })).toBe(NOW + 60_000);
  });

  test('handed in wins over `expiresIn`', async () => {
    expect(await expiresAt({ expiresIn: 60, expiresAt: HOUR })).toBe(HOUR);
  });
});

describe('R10: `expires_in`', () => {
  test.each([
    ['3600', HOUR],
    ['3600.5', HOUR + 500],
    [0, undefined],
    [-5, undefined],
    ['an hour', undefined],
    [Number.NaN, undefined],
  ])('%j', async (given, expected) => {
    expect(await expiresAt({ expires_in: given })).toBe(expected);
  });
});
