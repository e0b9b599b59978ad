/** The platform's globals, which answer to each context as if it were alone. */
import { vi } from 'vitest';
import { type Actor, acting, type Loop } from './loop.ts';

/** What one context finds around itself. */
export interface Surroundings {
  readonly actor: Actor;
  readonly loop: Loop;
  readonly indexedDB: Pick<IDBFactory, 'open'>;
  /** Events of document and window. */
  readonly page: EventTarget;
  openChannel(name: string): unknown;
}

const surroundings = new WeakMap<Actor, Surroundings>();
const platform = { setTimeout, clearTimeout, Date, Math };

const here = () => surroundings.get(acting.getStore() as Actor);

/** Runs what belongs to a context in it. */
export const inside = <T>(own: Surroundings, task: () => T): T => {
  surroundings.set(own.actor, own);
  return acting.run(own.actor, task);
};

/** Until the end of the test. */
export function stubGlobals({ hasLedger }: { hasLedger: boolean }): void {
  const stubs = {
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
        return here()?.loop.now ?? platform.Date.now();
      }
    },
    // What failed once fails again.
    Math: Object.create(platform.Math, {
      random: { value: () => (here() ? 0.5 : platform.Math.random()) },
    }) as Math,
    BroadcastChannel: class {
      constructor(name: string) {
        // biome-ignore lint/correctness/noConstructorReturn: each context has its own channel
        return here()?.openChannel(name) as object;
      }
    },
    navigator: {},
    document: {
      visibilityState: 'visible',
      addEventListener: (type: string, listener: () => void) => here()?.page.addEventListener(type, listener),
      removeEventListener: (type: string, listener: () => void) =>
        here()?.page.removeEventListener(type, listener),
    },
    addEventListener: () => {},
    removeEventListener: () => {},
    ...(hasLedger && { indexedDB: { open: (name: string) => here()?.indexedDB.open(name) } }),
  };
  for (const [name, stub] of Object.entries(stubs)) vi.stubGlobal(name, stub);
}
