import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isBusy, retryAtOf } from '../src/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const asked = (value: string) => retryAtOf(new Response(null, { headers: { 'retry-after': value } }));

test.each<[string, number]>([
  ['120', 120_000],
  ['0.5', 500],
  [new Date(NOW + 60_000).toUTCString(), 60_000],
  ['3600', 3_600_000],
])('R35: %s is taken at its word', (value, ms) => {
  expect(asked(value)).toBe(NOW + ms);
});

test.each(['3601', '1e20', '9'.repeat(400), 'Infinity', 'Tue, 01 Jan 2199 00:00:00 GMT'])(
  'R35: %s counts for an hour, and is a date',
  (value) => {
    expect(asked(value)).toBe(NOW + 3_600_000);
    expect(new Date(asked(value)).toISOString()).toBe('2026-01-01T01:00:00.000Z');
  },
);

test.each(['', 'soon', '-5', '0', 'NaN', '1.5.2', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
  'R35: "%s" says nothing',
  (value) => {
    expect(asked(value)).toBe(0);
  },
);

test('R35: nothing says nothing', () => {
  expect(retryAtOf(new Response())).toBe(0);
});

test('R35: a server that is busy has refused nothing', () => {
  const statuses = [400, 401, 403, 404, 408, 425, 429, 500, 503, 599];
  expect(statuses.filter(isBusy)).toEqual([408, 425, 429, 500, 503, 599]);
});
