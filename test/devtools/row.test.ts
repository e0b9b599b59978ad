/** R73: what each step means to whoever reads the time line. */
import { describe, expect, test } from 'vitest';
import { lanes, rowOf, timeOf } from '../../src/devtools/row.ts';
import { pathOf } from '../../src/devtools/text.ts';
import { stepOf } from '../support/steps.ts';

const get = { method: 'GET', url: 'https://api.example.com/me' };

/** Letter, lanes, text. */
function read(step: string, detail = {}): unknown[] {
  const row = rowOf(stepOf(step, detail), 1);
  return row ? [row.letter, pathOf(row), row.text] : [];
}

describe('the letters of the flow', () => {
  test.for([
    ['login', {}, ['A', 'this page to authorization server', 'login asked for']],
    ['code', {}, ['A', 'this page to authorization server', 'code exchanged for tokens']],
    [
      'signed-in',
      { cause: 'local' },
      ['B', 'authorization server to this page', 'signed in: tokens of a login'],
    ],
    ['signed-in', { cause: 'captured' }, ['B', 'API to this page', 'signed in with the tokens of an answer']],
    ['sent', get, ['C', 'this page to API', 'GET https://api.example.com/me']],
    [
      'sent',
      { ...get, isReplay: true },
      ['C', 'this page to API', 'GET https://api.example.com/me, once more'],
    ],
    [
      'response',
      { ...get, status: 200, durationMs: 12.4 },
      ['D', 'API to this page', '200 GET https://api.example.com/me, 12 ms'],
    ],
    [
      'due',
      { ...get, waits: true },
      ['E', 'this page', 'GET https://api.example.com/me: the token expires, the request waits'],
    ],
    [
      'due',
      { ...get, waits: false },
      ['E', 'this page', 'GET https://api.example.com/me: the token soon expires, refreshed behind it'],
    ],
    [
      'refused',
      { ...get, status: 401 },
      ['F', 'API to this page', '401 GET https://api.example.com/me: token refused'],
    ],
    ['refresh', {}, ['G', 'this page to authorization server', 'refresh asked for']],
    [
      'refresh-answered',
      { ok: true, durationMs: 150 },
      ['H', 'authorization server to this page', 'new tokens, 150 ms'],
    ],
    [
      'refresh-answered',
      { ok: false, error: 'TimeoutError', durationMs: 9 },
      ['H', 'authorization server to this page', 'no tokens: TimeoutError, 9 ms'],
    ],
  ] as const)('%s %o', ([step, detail, expected]) => {
    expect(read(step, detail)).toEqual(expected);
  });
});

describe('what is no step of the flow has no letter', () => {
  test.for([
    ['created', { store: 'web shop' }, 'manager created, store: web shop'],
    ['closed', {}, 'manager closed'],
    ['status', {}, 'nobody is signed in'],
    ['signed-in', { cause: 'restored' }, 'session restored'],
    ['token-refreshed', { cause: 'ahead' }, 'tokens replaced (ahead)'],
    ['token-refreshed', { cause: 'captured' }, 'new tokens taken from an answer'],
    ['signed-out', { reason: 'local' }, 'signed out'],
    ['signed-out', { reason: 'ended' }, 'session ended by the authorization server'],
    ['signed-out', { reason: 'replaced' }, 'session replaced by another sign-in'],
    ['failed', { ...get, error: 'AbortError' }, `GET ${get.url} cancelled by the app`],
    [
      'failed',
      { ...get, error: 'TypeError', durationMs: 3 },
      'GET https://api.example.com/me rejected: TypeError, 3 ms',
    ],
    [
      'not-attached',
      { url: 'https://x.example.com/', reason: 'not-allowed' },
      'https://x.example.com/ without our token: not-allowed',
    ],
    ['step-up-required', { url: get.url }, `${get.url} wants a stronger login, or more scope`],
    ['store-failed', { operation: 'write', error: 'Error: full' }, 'the store failed (write): Error: full'],
  ] as const)('%s %o', ([step, detail, expected]) => {
    expect(read(step, detail)).toEqual(['', expect.any(String), expected]);
  });

  test('a failed refresh says when the next one may be', () => {
    const retryAt = Date.now();
    const [letter, path, text] = read('refresh-failed', { retryAt, error: 'TokenError: down' });
    expect([letter, path]).toEqual(['', 'this page']);
    expect(text).toBe(`refresh failed, next try ${timeOf(retryAt)}: TokenError: down`);
  });
});

test.for(['signed-in', 'signed-out', 'token-refreshed'])('%s in another tab comes from there', (step) => {
  const [letter, path, text] = read(step, { cause: 'local', reason: 'local', elsewhere: true });
  expect([letter, path]).toEqual(['', 'other tabs to this page']);
  expect(text).toContain('elsewhere');
});

test('that a request was made is no line, for what is sent is one; nor is what a later version may tell', () => {
  expect(read('request', get)).toEqual([]);
  expect(read('of a later version')).toEqual([]);
  expect(read('toString')).toEqual([]);
});

test('a line knows its manager, its URL and its place among the others', () => {
  expect(rowOf(stepOf('sent', get), 7)).toMatchObject({ id: 7, manager: 1, url: get.url });
  expect(rowOf({ step: 'login', at: 0, detail: {} }, 1)?.manager).toBeUndefined();
});

test('a long URL is cut', () => {
  const row = rowOf(stepOf('sent', { ...get, url: `https://x/${'y'.repeat(5_000)}` }), 1);
  expect(row?.text.length).toBeLessThan(320);
});

test('there are four lanes', () => {
  expect(lanes).toHaveLength(4);
});
