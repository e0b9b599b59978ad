/** Steps as managers tell them to tools, and the place where they are told. */
import { onTestFinished, vi } from 'vitest';
import type { Devtools, Step } from '../../src/development.ts';

export const devtools = Symbol.for('evertoken.devtools');
const world = globalThis as { [devtools]?: Devtools };

/** `at` counts from an hour at which all clocks of the world show the same seconds. */
export const stepOf = (step: string, detail: Step['detail'] = {}, at = 1_000_000): Step => ({
  step,
  at,
  detail: { manager: 1, ...detail },
});

/** Tells it as the development build does. */
export function tell(step: string, detail: Step['detail'] = {}): void {
  world[devtools] ??= [];
  world[devtools].push(stepOf(step, detail, Date.now()));
}

export const forgetSteps = (): boolean => Reflect.deleteProperty(globalThis, devtools);

/** A manager that has signed somebody in, whose token lives 300 s from now. */
export function tellSignedIn(manager = 1): void {
  const now = Date.now();
  const life = { issuedAt: now, aheadAt: now + 240_000, waitAt: now + 290_000, expiresAt: now + 300_000 };
  tell('created', { manager, status: 'unknown', store: 'web shop', allow: ['https://api.example.com'] });
  tell('signed-in', { manager, sessionId: '0123456789abcdef', cause: 'local', elsewhere: false, life });
}

/** Until the end of the test: what is told to tools. */
export function hearSteps(): [step: string, detail: object][] {
  const told: [string, object][] = [];
  const push = ({ step, detail }: Step) => void told.push([step, detail]);
  vi.stubGlobal(devtools as never, { push });
  onTestFinished(() => void vi.unstubAllGlobals());
  return told;
}
