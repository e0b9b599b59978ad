/** Looks for planted tokens wherever a program can show them. */
import { inspect } from 'node:util';
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { expect, vi } from 'vitest';
import { record, type Told } from './recorder.ts';
import { API } from './world.ts';

/** In every planted token, in either case. */
export const MARK = /s3cr3t/i;

let planted = 0;

/** A token nobody has seen before. */
export const plant = (what = 'token'): string => `S3CR3T-${what}-${++planted}`;

export interface Watch {
  auth: TokenManager;
  told: Told[];
  /** Everything that was shown so far: events, errors, and what went to the console. */
  shown: unknown[];
  /** Awaits a call and keeps the error it rejects with. */
  attempt(run: () => Promise<unknown>): Promise<unknown>;
}

/** A manager of which all that is told, thrown and logged is kept. */
export function watch(options: Omit<TokenManagerOptions, 'allow'>): Watch {
  const shown: unknown[] = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void shown.push(args));
  }
  vi.stubGlobal('reportError', (error: unknown) => void shown.push(error));
  const auth = createTokenManager({ allow: API, ...options });
  const told = record(auth);
  auth.on('*', (...args) => void shown.push(args));
  const attempt = async (run: () => Promise<unknown>) => {
    try {
      return await run();
    } catch (error) {
      shown.push(error);
      return error;
    }
  };
  return { auth, told, shown, attempt };
}

/** As deep as it goes, with what is hidden. */
export const reveal = (value: unknown): string =>
  inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY, maxStringLength: null, getters: true });

/** Fails when a planted token can be seen, and says where. */
export function expectNoLeak(shown: unknown[]): void {
  expect(shown.length).toBeGreaterThan(0);
  const texts = shown.flatMap((value) => [reveal(value), `${JSON.stringify(value)}`]);
  const leaks = texts.flatMap((text) => text.match(/.{0,50}s3cr3t.{0,20}/gi) ?? []);
  expect([...new Set(leaks)].slice(0, 3)).toEqual([]);
}
