/** Signs out after the user's inactivity over all tabs, or after the session's whole span. */
import type { TokenManager } from '../api.ts';
import { checkOptions, type IdleOptions } from './options.ts';

/**
 * Signs the user out when nobody has touched a key or a pointer in any tab for `after`, or when the session is as old as
 * `maxAge`. `onWarn` counts down before. However many tabs there are, one of them signs out, and the others hear of it as
 * of any sign-out. Call it in every tab, where the manager is created.
 *
 * The clock is looked at every ten seconds, and before anything that the user does counts: a laptop that slept is signed
 * out when it is opened, and what its user does then comes too late.
 *
 * @returns What stops it; call it before `auth.close()`.
 * @throws TypeError that names the options and what was given (the development build: what is allowed, too), and where
 * there is no manager.
 *
 * @example
 * import { signOutWhenIdle } from 'evertoken/idle';
 *
 * const stop = signOutWhenIdle(auth, {
 *   after: 15 * 60_000,
 *   maxAge: 12 * 3_600_000,
 *   onWarn: ({ remaining }) => showDialog(`Signing out in ${Math.ceil(remaining / 1000)} s`),
 *   onActive: hideDialog,
 * });
 */
export function signOutWhenIdle(auth: TokenManager, options: IdleOptions): () => void {
  if (__DEVELOPMENT__) checkOptions(auth, options);
  const own = { __proto__: null, ...options };
  const { after = 1 / 0, maxAge = 1 / 0, warnBefore = Math.min(60_000, after / 2, maxAge / 2) } = own;
  if (!(warnBefore > 0 && warnBefore < Math.min(maxAge, after) && Math.min(maxAge, after) < 1 / 0))
    throw new TypeError(
      `evertoken/idle: warnBefore ${warnBefore}, after ${after}, maxAge ${maxAge}${__DEVELOPMENT__ ? '; expected 0 < warnBefore < after, maxAge' : ''}`,
    );

  // Where there is none (Node, workers) nobody can be seen.
  const page = (globalThis.document && globalThis) as typeof globalThis;
  let id: string | undefined;
  let key: string;
  /** When the session began, and when its user was seen last: as all tabs have noted it, or this one where none can. */
  let begun: number;
  let seen: number;
  /** The second that was told last; -1: no countdown runs. */
  let told: number;
  let timer: ReturnType<typeof setTimeout>;

  /** A clock set back by a day signs out, as one set forward: nobody stays until it has caught up. */
  const since = (moment: number) => Math.abs(Date.now() - moment);

  /** Milliseconds until the sign-out, after it was noted that the user `isHere`. */
  const left = (isHere?: unknown) => {
    if (isHere) seen = Date.now();
    try {
      const items = page.localStorage;
      if (isHere || !items[key]) items[key] = `[${begun},${seen}]`;
      [begun, seen] = JSON.parse(items[key]);
    } catch {}
    const rest = Math.min(maxAge - since(begun), page ? after - since(seen) : maxAge);
    return rest > 0 ? rest : 0;
  };

  const look = (event?: unknown) => {
    if (id !== auth.sessionId) {
      try {
        if (id) delete page.localStorage[key];
      } catch {}
      id = auth.sessionId;
      key = `evertoken.idle.${id}`;
      begun = seen = Date.now();
      told = -1;
    }
    if (!id) return;
    // What comes when the time is over comes too late, and pointers move often.
    const remaining = left(event && left() && since(seen) > after / 1_000);
    const second = remaining > warnBefore ? -1 : Math.ceil(remaining / 1_000);
    const isNew = second !== told;
    if (event && !isNew) return;
    clearTimeout(timer);
    told = second;
    // What another tab has seen at the last moment may be on its way to one that slept: the sign-out is 300 ms later.
    timer = setTimeout(
      look,
      second < 0 ? Math.min(remaining - warnBefore, 10_000) : remaining % 1_000 || 300,
    );
    (timer as Partial<NodeJS.Timeout>).unref?.();
    if (isNew) {
      const tell = async () =>
        second < 0
          ? own.onActive?.()
          : own.onWarn?.({ remaining, cause: maxAge - since(begun) > remaining ? 'idle' : 'age' });
      tell().catch(globalThis.reportError ?? console.error);
    } else if (!remaining) {
      // One tab at a time. Without locks, or with those of a sandboxed frame, which refuse, each ends the same session.
      const request = async () => navigator.locks.request(key, { ifAvailable: true }, end);
      request().catch(end);
    }
  };

  // While the lock was asked for the user may have signed out, or somebody called `stop`. A page keeps it
  // for ten seconds: whoever has not yet heard of the sign-out would repeat it.
  const end = (lock: unknown): unknown =>
    id &&
    lock &&
    !left() &&
    auth.signOut().then(() => page && new Promise((go) => setTimeout(go, 10_000)), stop);
  const listen = (how: 'addEventListener' | 'removeEventListener') => {
    for (const type of ['keydown', 'pointerdown', 'pointermove', 'wheel']) page?.[how](type, look, true);
  };
  const stop = () => {
    deafen();
    id = '';
    clearTimeout(timer);
    listen('removeEventListener');
  };

  const deafen = auth.subscribe(look);
  listen('addEventListener');
  look();
  return stop;
}
