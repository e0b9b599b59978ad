/**
 * A clock that runs with the event loop: each of its ticks is 10 ms, and takes at least as long. A machine that stalls
 * stalls the clock too, so a token that lives 500 ms lives as much work, however long that takes.
 */
import { vi } from 'vitest';

const TICK = 10;

export interface Clock {
  /** Waits for so many ms of this clock. */
  wait(ms: number): Promise<void>;
  stop(): void;
}

export function startClock(): Clock {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const timer = setInterval(() => vi.setSystemTime(Date.now() + TICK), TICK);
  return {
    async wait(ms) {
      for (const end = Date.now() + ms; Date.now() < end; )
        await new Promise((resolve) => setTimeout(resolve, TICK));
    },
    stop() {
      clearInterval(timer);
      vi.useRealTimers();
    },
  };
}
