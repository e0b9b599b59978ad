/** The panel as plain text. */
import { describe, expect, test } from 'vitest';
import { nextManagers } from '../../src/devtools/managers.ts';
import { type Row, rowOf, timeOf } from '../../src/devtools/row.ts';
import { filtered, pathOf, textOf } from '../../src/devtools/text.ts';
import { stepOf } from '../support/steps.ts';

const row = (step: string, detail = {}): Row => rowOf(stepOf(step, detail), 1) as Row;
const api = row('sent', { method: 'GET', url: 'https://api.example.com/Items' });
const other = row('sent', { method: 'GET', url: 'https://other.example.com/' });
const refresh = row('refresh');
const at = timeOf(1_000_000);

describe('the filter', () => {
  test('keeps requests to URLs that have the text, whatever its case', () => {
    expect(filtered([api, other], ' items ')).toEqual([api]);
  });

  test('keeps what is about no URL, for a refresh belongs to all of them', () => {
    expect(filtered([api, refresh, other], 'items')).toEqual([api, refresh]);
  });

  test('empty, keeps all', () => {
    const rows = [api, other];
    expect(filtered(rows, '  ')).toBe(rows);
  });
});

test('a line says when, which step, who to whom, which manager, what', () => {
  const nameOf = (number: number) => `shop ${number}`;
  expect(textOf([], [api, refresh], nameOf).split('\n')).toEqual([
    '',
    `${at} C this page to API [shop 1]: GET https://api.example.com/Items`,
    `${at} G this page to authorization server [shop 1]: refresh asked for`,
    '',
  ]);
});

test('a line of no step, and one of no manager', () => {
  const login = { ...row('closed'), manager: undefined };
  expect(textOf([], [login], String)).toContain(`${at} - this page: manager closed`);
});

test('a manager is described before the lines, its session shortened', () => {
  const life = { issuedAt: 1, expiresAt: 1_000_000 };
  const signedIn = stepOf('signed-in', { sessionId: '0123456789abcdef', life });
  const [manager] = nextManagers([], signedIn);
  if (!manager) throw new Error('none');
  const end = { reason: 'ended', elsewhere: true, at: 1_000_000 };
  expect(textOf([{ ...manager, store: 'web shop', end }], [], () => 'shop').split('\n')[0]).toBe(
    `shop: signed-in, store web shop, session 01234567…, token ends ${at}, last end ${at} ended, elsewhere`,
  );
});

test('nothing is said of a store that is not known: its step is of long before the panel', () => {
  const [manager] = nextManagers([], stepOf('signed-in', { sessionId: '0123456789abcdef' }));
  if (!manager) throw new Error('none');
  expect(textOf([manager], [], () => 'shop').split('\n')[0]).toBe('shop: signed-in, session 01234567…');
});

test('what happens within one lane names it once', () => {
  expect([pathOf(api), pathOf(row('closed'))]).toEqual(['this page to API', 'this page']);
});
