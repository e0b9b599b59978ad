/** Watches one session until it is over: counts, warns, and signs out. */
import type { TokenManager } from '../api.ts';
import type { IdleSettings, IdleWarning } from './options.ts';
import { alone, isPage, isUsers, item, listen, since, wait } from './page.ts';

const second = 1_000;
const minute = 60 * second;

/** What a callback of the app throws harms nobody. */
const call = <T>(callback: ((about: T) => unknown) | undefined, about: T) =>
  (async () => callback?.(about))().catch(globalThis.reportError ?? console.error);

/** @returns What ends it. Then nothing is left but, unless the session `isOver`, what all tabs have noted of it. */
export function watch(auth: TokenManager, id: string, settings: IdleSettings): (isOver?: boolean) => void {
  const { after, maxAge, warnBefore, onWarn, onActive } = settings;
  const key = `evertoken.idle.${id}`;
  let begun = `${Date.now()}`;
  let age = since(+begun);
  let idle = age;
  /** When it began, and when its user was seen last, as the tabs have noted it. */
  let note: string | undefined;
  let isWarned = false;
  let isEnding = false;
  let isStopped = false;
  let cancel = () => {};

  /** Takes over what is new in it; the clock by which it was written may have been set back. */
  function take(noted: string | undefined): void {
    const [, start, seen] = /^(\d+) (\d+)$/.exec(noted ?? '') ?? [];
    if (!start || noted === note) return;
    note = noted;
    idle = since(+(seen as string));
    if (start !== begun) age = since(+start);
    begun = start;
  }

  const touch = () => take(item(key, `${begun} ${Date.now()}`));

  function left(): IdleWarning {
    const byIdle = isPage() ? after - idle() : 1 / 0;
    const byAge = maxAge - age();
    const remaining = Math.max(0, Math.ceil(Math.min(byIdle, byAge)));
    return { remaining, cause: byIdle < byAge ? 'idle' : 'age' };
  }

  function look(isNew?: boolean, isEvent?: boolean): void {
    take(item(key));
    const warning = left();
    const { remaining } = warning;
    // A countdown goes on by its own timer, whatever the user does meanwhile.
    if (isEvent && isWarned && remaining && remaining <= warnBefore) return;
    cancel();
    if (remaining > warnBefore) {
      // The clock of timers stands still in sleep, and waking says nothing: whoever opens a laptop may touch nothing.
      cancel = wait(Math.min(remaining - warnBefore, minute), look);
      if (isWarned) call(onActive, undefined);
      isWarned = false;
    } else if (!isEnding) {
      isWarned = true;
      if (remaining) cancel = wait(Math.min(remaining, second), look);
      else end(isNew);
      call(onWarn, warning);
    }
    // Nothing tells that the manager is closed; this asks, and for nothing else.
    auth.getAccessToken({ signal: { aborted: true } as AbortSignal }).catch(({ code }) => {
      if (code === 'closed') stop();
    });
  }

  function hear(event: Event): void {
    const { remaining, cause } = left();
    // What comes when the time is over, comes too late.
    if (isUsers(event) && remaining) {
      if (idle() < Math.min(second, after / 10) && !(isWarned && cause === 'idle')) return;
      touch();
    }
    look(false, true);
  }

  function end(isNew?: boolean): void {
    const pause = (ms: number) => new Promise<void>((resolve) => void wait(ms, resolve));
    isEnding = true;
    alone(key, async () => {
      // What another tab has seen may be on its way to one that slept; a page that was opened has read it just now.
      if (!isNew) await pause(300);
      take(item(key));
      if (!isStopped && !left().remaining) {
        await auth.signOut().catch(() => {});
        // The others have heard of it by then.
        await pause(5 * second);
      }
      isEnding = false;
      if (!isStopped) look();
    });
  }

  const deafen = listen(hear);
  const stop = (isOver?: boolean) => {
    isStopped = true;
    cancel();
    deafen();
    if (isOver) item(key, null);
  };
  if (!item(key)) touch();
  look(true);
  return stop;
}
