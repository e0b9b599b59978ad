/** Signs out after the user's inactivity over all tabs, or after the session's whole span. */
import type { TokenManager } from '../api.ts';
import { type IdleOptions, readOptions } from './options.ts';
import { watch } from './watch.ts';

/**
 * Signs the user out when nobody has touched a key or a pointer in any tab for `after`, or when the session is as old as
 * `maxAge`. `onWarn` counts down before. However many tabs there are, one of them signs out, and the others hear of it as
 * of any sign-out. Call it in every tab, where the manager is created.
 *
 * Clocks are looked at whenever the page comes back, and each minute: a laptop that slept is signed out when it is
 * opened, and what its user does then comes too late.
 *
 * @returns What stops it. After `auth.close()` it stops by itself, within a minute.
 * @throws TypeError that names the options, what was given and what is allowed; and where there is no manager.
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
  if (__DEVELOPMENT__ && !auth?.subscribe)
    throw new TypeError('evertoken/idle: there is no manager; hand over what createTokenManager() made');
  const settings = readOptions(options);
  let id: string | undefined;
  let end: ReturnType<typeof watch> | undefined;
  const follow = () => {
    if (id === auth.sessionId) return;
    end?.(true);
    id = auth.sessionId;
    end = id ? watch(auth, id, settings) : undefined;
  };
  const deafen = auth.subscribe(follow);
  follow();
  return () => {
    deafen();
    end?.();
  };
}
