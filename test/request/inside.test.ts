import { expect, test } from 'vitest';
import { inside } from '../../src/request/inside.ts';

test('R73: two copies of the package know each other’s managers', () => {
  expect(inside).toBe(Symbol.for('evertoken.inside'));
});
