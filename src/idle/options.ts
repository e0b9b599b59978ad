/** The options of `evertoken/idle`, and the check that names a mistake at once. */
import type { TokenManager } from '../api.ts';
import { misspelt } from '../nearest.ts';

/** What is left, and of what. */
export interface IdleWarning {
  /** Milliseconds until the sign-out; 0: it begins. */
  readonly remaining: number;
  /** `idle`: whoever does something stays. `age`: nothing helps but a new sign-in. */
  readonly cause: 'idle' | 'age';
}

/** The options of {@link signOutWhenIdle}. One of `after` and `maxAge` is required. */
export interface IdleOptions {
  /**
   * Milliseconds without a key, a pointer or a wheel in any tab after which the user is signed out. Sleep counts. Where
   * there is no page (Node, workers) nobody can be seen, and it does not count.
   *
   * @default never
   */
  after?: number | undefined;
  /**
   * Milliseconds from the sign-in, over reloads, after which the user is signed out whatever happens. Of a session that
   * is older than this page's storage knows it counts from when it was first seen.
   *
   * @default never
   */
  maxAge?: number | undefined;
  /** Milliseconds before the sign-out at which `onWarn` begins. @default 60_000, or half of the shorter span */
  warnBefore?: number | undefined;
  /** Called in every tab when the warning begins, then each second until the sign-out or `onActive`. */
  onWarn?: ((warning: IdleWarning) => unknown) | undefined;
  /** Called in every tab that has warned when the user is back, in whichever tab, within a second. */
  onActive?: (() => unknown) | undefined;
}

const names = ['after', 'maxAge', 'warnBefore', 'onWarn', 'onActive'];

/**
 * What the types catch, for whoever has none; the development build says it.
 *
 * @throws TypeError that names what is missing or wrong, and what to write.
 */
export function checkOptions(auth: TokenManager, given: IdleOptions): void {
  if (!auth?.subscribe)
    throw new TypeError('evertoken/idle: there is no manager; hand over what createTokenManager() made');
  const wrong = misspelt(given ?? {}, names);
  if (wrong) throw new TypeError(`evertoken/idle: there is no option ${wrong.name}; ${wrong.advice}`);
  for (const [name, value] of Object.entries(given ?? {})) {
    const expected = name.startsWith('on') ? 'function' : 'number';
    if (value !== undefined && typeof value !== expected)
      throw new TypeError(`evertoken/idle: options.${name} is ${typeof value}; expected ${expected}`);
  }
  if (given?.after === undefined && given?.maxAge === undefined)
    throw new TypeError('evertoken/idle: one of after and maxAge is required');
}
