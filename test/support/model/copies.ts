/** Copies of the package, each with modules of its own: so it is in the tabs of a browser. */
import { vi } from 'vitest';
import type { Package } from './contexts.ts';

/** More contexts than that no scenario has. */
export const MOST = 8;

export async function loadCopies(): Promise<Package[]> {
  const copies: Package[] = [];
  while (copies.length < MOST) {
    vi.resetModules();
    copies.push(await import('evertoken'));
  }
  return copies;
}
