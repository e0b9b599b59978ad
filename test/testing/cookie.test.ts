/** When a browser would send the cookie. */
import { expect, test, vi } from 'vitest';
import { sendsCookies } from '../../src/testing/cookie.ts';

test.for([
  ['https://app.example.com', 'include', true],
  ['https://app.example.com', 'same-origin', false],
  ['https://app.example.com', 'omit', false],
  ['https://as.example.com', 'include', true],
  ['https://as.example.com', 'same-origin', true],
  ['https://as.example.com', 'omit', false],
  [undefined, 'include', true],
  [undefined, 'same-origin', true],
  [undefined, 'omit', false],
] as const)('a page of %s that says %s: %s', ([page, credentials, expected]) => {
  vi.stubGlobal('location', page && new URL(page));
  expect(sendsCookies(new Request('https://as.example.com/refresh', { credentials }))).toBe(expected);
});
