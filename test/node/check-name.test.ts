/** Names of sessions, which become names of files on every platform. */
import { expect, test } from 'vitest';
import { checkName } from '../../src/node/check-name.ts';

test.each([
  'tool',
  'my tool',
  'Zürich',
  '東京',
  'a.b',
  'com',
  'com10',
  'console',
  'x'.repeat(100),
  '東'.repeat(66),
])('%s is one', (name) => {
  expect(() => checkName(name)).not.toThrow();
});

test.each([
  ...[
    '../x',
    'a/b',
    'a\\b',
    '/etc/passwd',
    'C:x',
    '@acme/tool',
    '.',
    '..',
    '...',
    '.hidden',
    'x.',
    'x ',
    ' x',
  ],
  ...['a\0b', 'a\nb', 'a*', 'a?', 'a|b', '<a>', '"a"', 'x'.repeat(101), '東'.repeat(67), '\ud800'],
  ...['con', 'CON', 'nul', 'NUL.txt', 'aux.json', 'prn', 'COM1', 'lpt9.x', 'com¹', 'CONIN$'],
])('%j is none, somewhere', (name) => {
  expect(() => checkName(name)).toThrow(TypeError);
  expect(() => checkName(name)).toThrow(/fileStore\.name is no name of a file; expected .*`path`/);
});

test.each([undefined, null, 7, '', {}, ['a']])('%j is no name at all', (name) => {
  expect(() => checkName(name as string)).toThrow(/fileStore\.name is .*; expected string/);
});
