/** What the package costs a page: minified, with its dependencies, brotli. */
import { describe, expect, test } from 'vitest';
import { core, full, measure, sizeOf } from './size.ts';

describe('size', () => {
  test('without refreshEndpoint: at most 6 kB, and no ky in it', async () => {
    const { bytes, packages } = await measure(core);
    console.log(`size: core ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages.sort()).toEqual(['jwt-decode', 'mitt']);
    expect(bytes).toBeLessThanOrEqual(6_000);
  });

  test('with refreshEndpoint and ky: at most 14.5 kB', async () => {
    const { bytes, packages } = await measure(full);
    console.log(`size: full ${bytes} bytes, ${sizeOf(bytes)}`);
    expect(packages.sort()).toEqual(['jwt-decode', 'ky', 'mitt']);
    expect(bytes).toBeLessThanOrEqual(14_500);
  });
});
