/** What the package costs a page: minified, with its dependencies, brotli. */
import { expect, test } from 'vitest';
import { heldOf, measure, type Part, sizeOf, weigh } from './size.ts';

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
  expect(measured.bytes).toBeLessThanOrEqual(heldOf(part));
  // The README tells what is held: it may not be more than two tenths of a kB too much.
  expect(measured.bytes).toBeGreaterThan(heldOf(part) - 200);
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
