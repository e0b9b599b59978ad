/** What the package costs a page: minified, with its dependencies, brotli. */
import { describe, expect, test } from 'vitest';
import bench from '../../bench/budgets.json' with { type: 'json' };
import { core, dpop, firebase, full, indexeddb, measure, oidc, sizeOf } from './size.ts';

// Where a budget is not met yet (docs/decisions/0003-size.md says why and where to begin), the size reached is held,
// which grows only with a reason given there. Both stand in bench/budgets.json, in kB.
const { budgets } = bench;
const reached = {
  core: Math.round(budgets['size.core'].reached * 1_000),
  full: Math.round(budgets['size.full'].reached * 1_000),
  indexeddb: Math.round(budgets['size.indexeddb'].budget * 1_000),
  oidc: 3_000,
};

describe('size', () => {
  test('without refreshEndpoint: no more than was reached, and no ky in it', async () => {
    const { bytes, packages } = await measure(core);
    console.log(`size: core ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages.sort()).toEqual(['jwt-decode', 'mitt']);
    expect(bytes).toBeLessThanOrEqual(reached.core);
  });

  test('with refreshEndpoint and ky: no more than was reached', async () => {
    const { bytes, packages } = await measure(full);
    console.log(`size: full ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages.sort()).toEqual(['jwt-decode', 'ky', 'mitt']);
    expect(bytes).toBeLessThanOrEqual(reached.full);
  });

  test('dpop without its peer: at most 1.5 kB, and nothing of the root entry', async () => {
    const { bytes, packages } = await measure(dpop, 'dpop');
    console.log(`size: dpop ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(1_500);
  });

  test('evertoken/firebase: at most 1.0 kB, with nothing else in it', async () => {
    const { bytes, packages } = await measure(firebase, 'firebase');
    console.log(`size: firebase ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(1_000);
  });

  test('indexedDbStorage without idb-keyval: no more than was reached, and nothing of the root entry', async () => {
    const { bytes, packages } = await measure(indexeddb, 'indexeddb');
    console.log(`size: indexeddb ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(reached.indexeddb);
  });

  test('evertoken/oidc without oauth4webapi: no more than was reached, and nothing of the root entry', async () => {
    const { bytes, packages } = await measure(oidc, 'oidc');
    console.log(`size: oidc ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(reached.oidc);
  });
});
