/** What the copies of this package in one program have in common. */
import { expect, test, vi } from 'vitest';
import { places } from '../../src/store/places.ts';

const PATH = '../../src/store/places.ts';

test('is the same for whoever asks', () => {
  const place = {};
  places().set('a place', place);
  expect([places().get('a place'), places().get('another place')]).toEqual([place, undefined]);
});

test('R57: is the same for another copy of the package', async () => {
  const place = {};
  places().set('a shared place', place);
  vi.resetModules();
  const copy = (await import(PATH)) as typeof import('../../src/store/places.ts');
  vi.resetModules();
  expect(copy.places).not.toBe(places);
  expect(copy.places().get('a shared place')).toBe(place);
});

test.each(['__proto__', 'constructor', 'toString'])('R37: %s is a name like any other', (name) => {
  expect(places().get(name)).toBeUndefined();
  places().set(name, 'made');
  expect(places().get(name)).toBe('made');
});
