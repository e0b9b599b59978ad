/** The options of `evertoken/idle`, and the check that names a mistake at once. */
import { misspelt } from '../nearest.ts';
import { ownMembers } from '../own.ts';

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

/** What the types catch, for whoever has none: the development build says it. */
function checkNames(given: IdleOptions): void {
  const wrong = misspelt(given ?? {}, names);
  if (wrong) throw new TypeError(`evertoken/idle: there is no option ${wrong.name}; ${wrong.advice}`);
  for (const [name, value] of Object.entries(given ?? {})) {
    const expected = name.startsWith('on') ? 'function' : 'number';
    if (value !== undefined && typeof value !== expected)
      throw new TypeError(`evertoken/idle: options.${name} is ${typeof value}; expected ${expected}`);
  }
}

/**
 * With the defaults; a span that is not wanted never ends.
 *
 * @throws TypeError that names the options, what was given and what is allowed.
 */
export function readOptions(given: IdleOptions) {
  if (__DEVELOPMENT__) checkNames(given);
  const own = ownMembers(given);
  const { after = 1 / 0, maxAge = 1 / 0, onWarn, onActive } = own;
  const shorter = Math.min(after, maxAge);
  const { warnBefore = Math.min(60_000, shorter / 2) } = own;
  if (
    !(
      [after, maxAge, warnBefore].every((ms) => typeof ms === 'number') &&
      warnBefore > 0 &&
      warnBefore < shorter &&
      shorter < 1 / 0
    )
  )
    throw new TypeError(
      `evertoken/idle: after is ${after}, maxAge ${maxAge}, warnBefore ${warnBefore}; expected milliseconds for either, fewer for warnBefore`,
    );
  return { after, maxAge, warnBefore, onWarn, onActive };
}

/** What {@link readOptions} answers. */
export type IdleSettings = ReturnType<typeof readOptions>;
