/** How much memory is in use once everything that can be collected has been. */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes. Weak references and finalizers take a turn each, so it collects more than once. */
export async function heapInUse(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    await turn();
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/**
 * Bytes that one run of `task` leaves behind, after two runs that fill what is filled once: the median over `rounds`,
 * so that neither a cache that grows in one of them nor the compiler looks like a leak.
 */
export async function growthOf(task: () => Promise<unknown>, rounds: number): Promise<number> {
  await task();
  await task();
  const steps: number[] = [];
  let before = await heapInUse();
  for (let round = 0; round < rounds; round++) {
    await task();
    const after = await heapInUse();
    steps.push(after - before);
    before = after;
  }
  return steps.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}
