import { expect, test, vi } from 'vitest';
import { type NotAttached, type NotAttachedParts, tellNotAttached } from '../../src/request/not-attached.ts';

const target = (host: string, path = '/') => ({ root: `https://${host}/`, place: `https://${host}${path}` });

function setUp() {
  const [add, flush] = [vi.fn(), vi.fn()];
  const parts: NotAttachedParts = { add, flush, summarize: (text) => new Error(text) };
  const tell: NotAttached = (...args) => tellNotAttached(parts, ...args);
  return { add, flush, tell };
}

test('R72: is told once per origin and reason, with the place', () => {
  const { add, flush, tell } = setUp();
  tell(target('a.test', '/first'), 'signed-out');
  tell(target('a.test', '/second'), 'signed-out');
  tell(target('a.test'), 'own-header');
  tell(target('b.test'), 'signed-out');
  expect(add.mock.calls).toEqual([
    ['not-attached', { url: 'https://a.test/first', reason: 'signed-out' }],
    ['not-attached', { url: 'https://a.test/', reason: 'own-header' }],
    ['not-attached', { url: 'https://b.test/', reason: 'signed-out' }],
  ]);
  expect(flush).toHaveBeenCalledTimes(3);
});

test('R72: tells of a thousand, and of nobody after that', () => {
  const { add, tell } = setUp();
  for (let number = 0; number < 1_000; number++) tell(target(`h${number}.test`), 'not-allowed');
  tell(target('h999.test'), 'not-allowed');
  tell(target('h0.test'), 'not-allowed');
  expect(add).toHaveBeenCalledTimes(1_000);
  tell(target('one-more.test'), 'not-allowed');
  tell(target('h0.test'), 'not-allowed');
  expect(add).toHaveBeenCalledTimes(1_000);
});
