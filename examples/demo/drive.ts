/** Constant load: requests start by the clock, whether or not the ones before have been answered. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface DriveOptions {
  perSecond: number;
  seconds: number;
  request: (number: number) => Promise<unknown>;
}

export interface DriveResult {
  readonly requests: number;
  readonly answered: number;
  readonly failures: readonly unknown[];
  /** Milliseconds that each request took, ascending. */
  readonly durations: readonly number[];
}

export async function drive({ perSecond, seconds, request }: DriveOptions): Promise<DriveResult> {
  const durations: number[] = [];
  const failures: unknown[] = [];
  const began = performance.now();

  async function send(number: number): Promise<void> {
    const sentAt = performance.now();
    try {
      await request(number);
      durations.push(performance.now() - sentAt);
    } catch (error) {
      failures.push(error);
    }
  }

  const running: Promise<void>[] = [];
  for (let number = 0; number < perSecond * seconds; number++) {
    const wait = began + (number * 1000) / perSecond - performance.now();
    if (wait > 0) await sleep(wait);
    running.push(send(number));
  }
  await Promise.all(running);
  durations.sort((a, b) => a - b);
  return { requests: running.length, answered: durations.length, failures, durations };
}

/** `share` of the values are at most this; 0 if there are none. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(Math.ceil(ascending.length * share) - 1, 0)] ?? 0;
}
