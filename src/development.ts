/** What the development build says that the other does not: warnings for whoever writes the app, steps for their tools. */

declare global {
  /**
   * Whether this is the development build. Decided when the package is built: in the production build whatever stands
   * behind it is gone.
   */
  const __DEVELOPMENT__: boolean;
}

/**
 * What a manager did. Plain values, no token among them: a tool may show, keep and send it.
 */
export interface Step {
  /** `created`, `closed`, or what happened in between. */
  readonly step: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** With `manager`, the number that {@link newManager} gave it, but for a sign-in, which has none yet. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What a part of a manager tells of itself, where somebody listens. */
export interface Telling {
  /** Set in the development build: tells a step of this manager to tools. */
  readonly tell?: ((step: string, detail: Step['detail']) => void) | undefined;
}

/**
 * What lies at `globalThis[Symbol.for('evertoken.devtools')]`: whatever has a `push`. An array is put there by the first
 * step, if nothing is, and holds the newest 200; a tool, whenever it comes, reads it and takes its place:
 *
 * @example
 * const key = Symbol.for('evertoken.devtools');
 * const before = globalThis[key];
 * globalThis[key] = { push: show };
 * if (Array.isArray(before)) before.forEach(show);
 */
export interface Devtools {
  push(step: Step): unknown;
}

const devtools = Symbol.for('evertoken.devtools');
const development = Symbol.for('evertoken.development');

/** What the copies of this package in one program have in common: two builds, both formats, a module that was loaded anew. */
interface Program {
  readonly warned: Set<string>;
  managers: number;
  /** How many are open over a store, by its name. */
  readonly open: Map<unknown, number>;
  /** By itself where it has none: who drops a manager without closing it keeps no store alive. */
  readonly openUnnamed: WeakMap<object, number>;
}

const shared = globalThis as { [devtools]?: Devtools; [development]?: Program };

function program(): Program {
  shared[development] ??= { warned: new Set(), managers: 0, open: new Map(), openUnnamed: new WeakMap() };
  return shared[development];
}

/** Nothing that is said beside the way stops what is said about: a console may throw, and globals may be frozen. */
export function harmless<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

/**
 * Warns of a kind of mistake, once in a program. Never throws.
 *
 * @param kind - Of mistake; what is warned of twice has two.
 * @param sentence - Names the mistake and says what to do. Without any token, or text that may be one.
 *
 * @example
 * if (__DEVELOPMENT__ && isHttp) warn('http', `${origin} gets no token, because it is plain http. Spell it out in \`allow\`.`);
 */
export function warn(kind: string, sentence: string): void {
  harmless(() => {
    const { warned } = program();
    if (warned.has(kind)) return;
    warned.add(kind);
    console.warn(`[evertoken] ${sentence}`);
  });
}

/** The number of a manager that is created, by which {@link announce} names it; each in a program has its own. */
export const newManager = (): number => harmless(() => ++program().managers) ?? 0;

/** Counts the managers that are open over a store, whichever copy of this package made them; answers how many there are. */
export const countManagers = (store: string | object, more: 1 | -1): number =>
  harmless(() => {
    const { open, openUnnamed } = program();
    const counts = typeof store === 'string' ? open : (openUnnamed as Map<unknown, number>);
    const count = (counts.get(store) ?? 0) + more;
    if (count > 0) counts.set(store, count);
    else counts.delete(store);
    return count;
  }) ?? 0;

/** Names a store, so that two objects of one name count as one. */
export const named = <T extends object>(store: T, label: string): T =>
  Object.defineProperty(store, 'label', { value: label });

/** Tells the tools of whoever writes the app what a manager did. Never throws. */
export function announce(step: string, detail: Step['detail']): void {
  harmless(() => {
    shared[devtools] ??= [];
    const steps = shared[devtools];
    steps.push({ step, at: Date.now(), detail });
    if (Array.isArray(steps) && steps.length > 200) steps.shift();
  });
}
