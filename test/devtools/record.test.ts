/** What the panel keeps. */
import { describe, expect, test } from 'vitest';
import { createRecord } from '../../src/devtools/record.ts';
import { stepOf } from '../support/steps.ts';

test('the newest lines are kept, and no more', () => {
  const record = createRecord(3);
  for (let number = 1; number <= 10; number++) record.hear(stepOf('sent', { url: `/${number}` }));
  expect(record.rows.map(({ url }) => url)).toEqual(['/8', '/9', '/10']);
  const one = createRecord(1);
  for (let number = 1; number <= 3; number++) one.hear(stepOf('refresh'));
  expect(one.rows).toHaveLength(1);
});

test('the lines can be forgotten; what is known of the managers stays', () => {
  const record = createRecord(9);
  record.hear(stepOf('created', { status: 'unknown' }));
  record.clear();
  expect(record.rows).toEqual([]);
  expect(record.managers).toHaveLength(1);
});

test('a panel knows whether any manager has spoken; a sign-in alone is none', () => {
  const record = createRecord(9);
  record.hear({ step: 'login', at: 0, detail: {} });
  expect(record.isHeard).toBe(false);
  record.hear(stepOf('created'));
  expect(record.isHeard).toBe(true);
});

describe('an answer is step D', () => {
  const url = 'https://api.example.com/me';
  const letterAfter = (...steps: string[]) => {
    const record = createRecord(9);
    for (const step of steps) record.hear(stepOf(step, { url, status: 200 }));
    return record.rows.at(-1)?.letter;
  };

  test('where the request carried the token', () => {
    expect(letterAfter('sent', 'response')).toBe('D');
    expect(letterAfter('not-attached', 'sent', 'response')).toBe('D');
  });

  test('and not where it went out without', () => {
    expect(letterAfter('not-attached', 'response')).toBe('');
  });

  test('and what is known of URLs is bounded', () => {
    const record = createRecord(2);
    for (let number = 0; number < 500; number++) record.hear(stepOf('not-attached', { url: `/${number}` }));
    expect(record.hear(stepOf('response', { url: '/0' }))?.letter).toBe('D');
  });
});
