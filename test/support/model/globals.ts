/** The platform's globals, which answer to each context as if it were alone. */
import type { Lock } from 'evertoken';
import { vi } from 'vitest';
import { type Actor, acting, type Loop, START } from './loop.ts';

/** What one context finds around itself. */
export interface Surroundings {
  readonly actor: Actor;
  readonly loop: Loop;
  readonly indexedDB: Pick<IDBFactory, 'open'>;
  readonly lock: Lock;
  /** Events of document and window. */
  readonly page: EventTarget;
  /** What the package keeps for all its copies in a program. */
  readonly places: object;
  openChannel(name: string): unknown;
  createId(): string;
}

const surroundings = new WeakMap<Actor, Surroundings>();
const platform = { setTimeout, clearTimeout, Date, Math, performance, crypto };

const here = () => surroundings.get(acting.getStore() as Actor);

/** Runs what belongs to a context in it. */
export const inside = <T>(own: Surroundings, task: () => T): T => {
  surroundings.set(own.actor, own);
  return acting.run(own.actor, task);
};

const clocks = {
  setTimeout(task: () => void, ms: number) {
    const own = here();
    return own ? own.loop.setTimer(own.actor, ms, task) : platform.setTimeout(task, ms);
  },
  clearTimeout(timer: never) {
    const own = here();
    if (own) own.loop.clearTimer(own.actor, timer);
    else platform.clearTimeout(timer);
  },
  Date: class extends platform.Date {
    static override now() {
      const own = here();
      return own ? own.loop.look() + own.actor.skew : platform.Date.now();
    }
  },
  performance: {
    now() {
      const own = here();
      return own ? own.loop.look() - START - own.actor.still : platform.performance.now();
    },
  },
  // What failed once fails again.
  Math: Object.create(platform.Math, {
    random: { value: () => (here() ? 0.5 : platform.Math.random()) },
  }) as Math,
  // Without `subtle`: it would work beside the loop.
  crypto: { randomUUID: () => here()?.createId() ?? platform.crypto.randomUUID() },
};

const web = {
  indexedDB: { open: (name: string) => here()?.indexedDB.open(name) },
  BroadcastChannel: class {
    constructor(name: string) {
      // biome-ignore lint/correctness/noConstructorReturn: each context has its own channel
      return here()?.openChannel(name) as object;
    }
  },
};

const locks = {
  request: (_name: string, options: { signal: AbortSignal }, task: () => Promise<unknown>) =>
    here()?.lock(task, options),
};

/** Until the end of the test. */
export function stubGlobals({ isWeb = false, hasLocks }: { isWeb?: boolean; hasLocks: boolean }): void {
  const stubs = {
    ...clocks,
    navigator: isWeb && hasLocks ? { locks } : {},
    document: {
      visibilityState: 'visible',
      addEventListener: (type: string, listener: () => void) => here()?.page.addEventListener(type, listener),
      removeEventListener: (type: string, listener: () => void) =>
        here()?.page.removeEventListener(type, listener),
    },
    addEventListener: () => {},
    removeEventListener: () => {},
    ...(isWeb && web),
  };
  for (const [name, stub] of Object.entries(stubs)) vi.stubGlobal(name, stub);
  const places = new Proxy(
    {},
    {
      get: (_, name) => Reflect.get(here()?.places ?? {}, name),
      set: (_, name, value) => Reflect.set(here()?.places ?? {}, name, value),
    },
  );
  vi.stubGlobal(Symbol.for('evertoken.places') as never, places);
}
