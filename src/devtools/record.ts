/** What the panel keeps of what it hears: the newest lines, and the managers. */
import type { Step } from '../development.ts';
import { type ManagerState, nextManagers } from './managers.ts';
import { type Row, rowOf } from './row.ts';

export interface Record {
  /** Oldest first; the same array until the next change. */
  readonly rows: readonly Row[];
  readonly managers: readonly ManagerState[];
  /** Whether any manager has announced itself. */
  readonly isHeard: boolean;
  hear(step: Step): Row | undefined;
  /** Forgets the lines. */
  clear(): void;
}

/** URLs whose last request went out without our token: their answers are no step D. */
function createBare(): (row: Row) => Row {
  const bare = new Set<string | undefined>();
  return (row) => {
    const { letter, url } = row;
    if (row.isBare) bare.add(url);
    if (letter === 'C') bare.delete(url);
    if (bare.size > 100) bare.clear();
    return letter === 'D' && bare.has(url) ? { ...row, letter: '' } : row;
  };
}

/** @param limit - The most lines that are kept. */
export function createRecord(limit: number): Record {
  let rows: readonly Row[] = [];
  let managers: readonly ManagerState[] = [];
  let isHeard = false;
  let count = 0;
  const judged = createBare();
  return {
    get rows() {
      return rows;
    },
    get managers() {
      return managers;
    },
    get isHeard() {
      return isHeard;
    },
    hear(step) {
      isHeard ||= 'manager' in step.detail;
      managers = nextManagers(managers, step);
      const meant = rowOf(step, ++count);
      const row = meant && judged(meant);
      if (row) rows = [...rows, row].slice(-limit);
      return row;
    },
    clear() {
      rows = [];
    },
  };
}
