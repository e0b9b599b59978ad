/** What the package costs a page: minified, with its dependencies, brotli. */
import { expect, test } from 'vitest';
import bench from '../../bench/budgets.json' with { type: 'json' };
import { measure, type Part, sizeOf, weigh } from './size.ts';

/** In bytes. Where a budget is not met yet, what was reached is held (docs/decisions/0003-size.md). */
function budgetOf(part: Part): number {
  const { budget, reached = budget }: { budget: number; reached?: number } = bench.budgets[`size.${part}`];
  return Math.round(reached * 1_000);
}

/** Each entry point of its own has nothing of the root entry, and its peer is the app's. */
const parts: [part: Part, what: string, packages: string[]][] = [
  ['core', 'createTokenManager with a refresh of your own and no store has no ky', ['jwt-decode', 'mitt']],
  ['webStore', 'webStore comes on top, without a package', []],
  ['refreshEndpoint', 'refreshEndpoint comes on top, with ky', ['ky']],
  ['oidc', 'evertoken/oidc without oauth4webapi', []],
  ['dpop', 'evertoken/dpop without dpop', []],
  ['firebase', 'evertoken/firebase has nothing else in it', []],
  ['react', 'evertoken/react without react', []],
  ['idle', 'evertoken/idle has nothing else in it', []],
];

test.for(parts)('size of %s: %s', async ([part, , packages]) => {
  const measured = await measure(part);
  console.log(`size: ${part} ${measured.bytes} bytes, ${sizeOf(measured.bytes)}`);
  expect(measured.packages).toEqual(packages);
  expect(measured.bytes).toBeLessThanOrEqual(budgetOf(part));
});

test('what joins contexts is not in the core: every store brings it along', async () => {
  // More than the store alone would take.
  const { bytes } = await measure('webStore');
  expect(bytes).toBeGreaterThan(1_500);
});

test.for([
  ['devtools', 2_400],
  // With preact in it.
  ['development/devtools', 11_000],
] as const)('%s: whoever ships the panel by mistake ships a notice', async ([entry, budget]) => {
  const { bytes, packages } = await weigh(['mountDevtools'], entry);
  console.log(`size: ${entry} ${bytes} bytes, ${sizeOf(bytes)}`);
  expect(packages).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(budget);
});
