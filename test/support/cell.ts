/** A store of the test's own: one entry in memory, and what the test puts in front of each call. */

import { type StoreEntry, type StorePort, type TokenStore, tokenStore } from 'evertoken';
import type { SessionState } from '../../src/session/session.ts';

export type StoreCall = 'read' | 'replace';

export interface Cell {
  /** What is kept. */
  entry: StoreEntry | undefined;
  /** What was asked for, in order. */
  readonly calls: StoreCall[];
  /** What each call waits for, and fails with; does nothing until the test replaces it. */
  before: (call: StoreCall, next?: StoreEntry) => unknown;
  readonly port: StorePort;
  /** The store of one context. */
  open(more?: Partial<StorePort>): TokenStore;
  /** The members of what is kept. */
  kept(): Record<string, unknown> & { state?: SessionState };
}

export function createCell(): Cell {
  const listeners = new Set<() => void>();
  const cell: Cell = {
    entry: undefined,
    calls: [],
    before: () => {},
    port: {
      async read() {
        cell.calls.push('read');
        await cell.before('read');
        return cell.entry;
      },
      async replace(version, next, quiet) {
        cell.calls.push('replace');
        await cell.before('replace', next);
        if (cell.entry?.version !== version) return false;
        cell.entry = next;
        if (!quiet) for (const listener of listeners) queueMicrotask(listener);
        return true;
      },
      watch(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    open: (more) => tokenStore({ ...cell.port, ...more }),
    kept: () => JSON.parse(cell.entry?.value ?? '{}'),
  };
  return cell;
}
