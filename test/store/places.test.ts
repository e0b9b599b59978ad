/** What the copies of this package in one program have in common. */
import { expect, test, vi } from 'vitest';
import { placeOf } from '../../src/store/places.ts';

const PATH = '../../src/store/places.ts';

test('is made by whoever asks first, and is the same for all who ask for it', () => {
  const create = vi.fn(() => ({}));
  const place = placeOf('a place', create);
  expect([placeOf('a place', create), create.mock.calls.length]).toEqual([place, 1]);
});

test('is another one under another name', () => {
  expect(placeOf('one place', () => ({}))).not.toBe(placeOf('another place', () => ({})));
});

test('R57: is the same for another copy of the package', async () => {
  const place = placeOf('a shared place', () => ({}));
  vi.resetModules();
  const copy = (await import(PATH)) as typeof import('../../src/store/places.ts');
  vi.resetModules();
  expect(copy.placeOf).not.toBe(placeOf);
  expect(copy.placeOf('a shared place', () => ({}))).toBe(place);
});

test.each(['__proto__', 'constructor', 'toString'])('R37: %s is a name like any other', (name) => {
  expect(placeOf(name, () => 'made')).toBe('made');
});
