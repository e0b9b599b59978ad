/** A page whose user may be idle: time of the test's own, what the user does, and who listens. */
import type { TokenManager } from 'evertoken';
import { type IdleOptions, type IdleWarning, signOutWhenIdle } from 'evertoken/idle';
import { onTestFinished, vi } from 'vitest';
import { createAuth, tokensOf } from './react.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** From now on, and until the end of the test. */
export function usePage() {
  // Before time is the test's: jsdom tells of it with a timer.
  localStorage.clear();
  vi.useFakeTimers();
  const listening: string[] = [];
  const { addEventListener, removeEventListener } = window;
  vi.spyOn(window, 'addEventListener').mockImplementation((...args: Parameters<typeof addEventListener>) => {
    // The manager has some, too.
    if (args[2] === true) listening.push(args[0]);
    addEventListener.apply(window, args);
  });
  vi.spyOn(window, 'removeEventListener').mockImplementation(
    (...args: Parameters<typeof removeEventListener>) => {
      if (args[2] === true) listening.splice(listening.indexOf(args[0]), 1);
      removeEventListener.apply(window, args);
    },
  );
  onTestFinished(() => void vi.useRealTimers());
  return {
    /** Names of events that are listened to here. */
    listening,
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    /** The user does something. */
    act: async (type = 'keydown') => {
      document.body.dispatchEvent(new Event(type, { bubbles: true }));
      await vi.advanceTimersByTimeAsync(0);
    },
    /** The device sleeps: the clock goes on, timers stand still. */
    sleep: (ms: number) => void vi.setSystemTime(Date.now() + ms),
    /** What all tabs find. */
    items: () => Object.keys(localStorage).map((key) => `${key} ${localStorage[key]}`),
    /** Another tab has seen the user just now. */
    actElsewhere: ({ sessionId }: TokenManager) => {
      const key = `evertoken.idle.${sessionId}`;
      localStorage[key] = `${localStorage[key]}`.replace(/\d+]$/, `${Date.now()}]`);
    },
  };
}

/** A manager that is signed in, and what was told. */
export async function createIdle(options: IdleOptions, given = createAuth().auth) {
  const auth = given;
  if (!auth.tokens) await auth.signIn(tokensOf());
  const warnings: IdleWarning[] = [];
  const told: string[] = [];
  auth.on('signed-out', ({ reason, elsewhere }) => told.push(`${reason}${elsewhere ? ' elsewhere' : ''}`));
  const stop = signOutWhenIdle(auth, {
    onWarn: (warning) => warnings.push(warning),
    onActive: () => told.push('active'),
    ...options,
  });
  onTestFinished(stop);
  return { auth, warnings, told, stop };
}
