/** A fetch that holds requests back, or their answers, until the test lets them go. */
import { deferred } from './world.ts';

export interface Hold {
  /** How many were held. */
  readonly count: number;
  release(): void;
}

interface Holding {
  readonly pattern: RegExp;
  readonly what: 'request' | 'answer';
  readonly opened: Promise<void>;
  count: number;
}

export function createHeldFetch() {
  const holdings = new Set<Holding>();
  const held = (url: string, what: Holding['what']) =>
    [...holdings].find((one) => one.what === what && one.pattern.test(url));

  return {
    /** The option `fetch` of a manager. */
    fetch: async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const url = input instanceof Request ? input.url : `${input}`;
      const waiting = held(url, 'request');
      if (waiting) waiting.count++;
      await waiting?.opened;
      const response = await fetch(input, init);
      const arrived = held(url, 'answer');
      if (arrived) arrived.count++;
      await arrived?.opened;
      return response;
    },
    /** Holds what meets the pattern from now on; what is sent after the release goes through. */
    hold(what: Holding['what'], pattern: RegExp): Hold {
      const { promise: opened, resolve } = deferred();
      const holding: Holding = { pattern, what, opened, count: 0 };
      holdings.add(holding);
      return {
        get count() {
          return holding.count;
        },
        release() {
          holdings.delete(holding);
          resolve();
        },
      };
    },
  };
}
