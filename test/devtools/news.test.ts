/** What is read out. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNews } from '../../src/devtools/news.ts';
import { type Row, rowOf } from '../../src/devtools/row.ts';
import { stepOf } from '../support/steps.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const row = (step: string, detail = {}): Row => rowOf(stepOf(step, detail), 1) as Row;
const signedOut = row('signed-out', { reason: 'local' });
const failed = row('refresh-failed', { retryAt: 1, error: 'down' });

describe('it is news', () => {
  test.for([
    ['signed-in', { cause: 'local' }],
    ['signed-in', { cause: 'restored', elsewhere: true }],
    ['signed-out', { reason: 'ended' }],
    ['refresh-failed', { retryAt: 1 }],
    ['store-failed', {}],
  ] as const)('%s %o', ([step, detail]) => {
    const news = createNews();
    news.take(row(step, detail));
    expect(news.text).toBe(row(step, detail).text);
  });
});

test.for([
  'sent',
  'response',
  'refused',
  'refresh',
  'refresh-answered',
  'token-refreshed',
  'created',
  'not-attached',
])('it is none: %s', (step) => {
  const news = createNews();
  news.take(row(step, { ok: true }));
  expect(news.text).toBe('');
});

test('of a flood one message is told, and the last one when that was heard', () => {
  const news = createNews();
  news.take(failed);
  for (let count = 0; count < 50; count++) news.take(failed);
  news.take(signedOut);
  expect(news.text).toBe(failed.text);
  vi.advanceTimersByTime(4_999);
  news.tick();
  expect(news.text).toBe(failed.text);
  vi.advanceTimersByTime(1);
  news.tick();
  expect(news.text).toBe('signed out');
});

test('what somebody asked for is told at once', () => {
  const news = createNews();
  news.take(failed);
  news.say('3 steps copied');
  expect(news.text).toBe('3 steps copied');
});
