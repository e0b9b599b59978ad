/** BroadcastChannel between the contexts; messages take their time, and some are lost. */
import type { Actor, Loop } from './loop.ts';

interface Port extends EventTarget {
  readonly actor: Actor;
  readonly name: string;
  onmessage?: (event: MessageEvent) => void;
}

/** @param hear - Told what is in a message. */
export function createChannels(loop: Loop, hear: (data: unknown) => void) {
  const ports = new Set<Port>();
  /** How many of the next messages are lost. */
  let losses = 0;
  let slowness = 0;

  const deliver = (port: Port, data: unknown) => {
    if (!ports.has(port)) return;
    const event = new MessageEvent('message', { data });
    port.dispatchEvent(event);
    port.onmessage?.(event);
  };

  const post = (from: Port, data: unknown) => {
    hear(data);
    for (const port of ports) {
      const { actor, name } = port;
      if (port === from || name !== from.name || losses-- > 0) continue;
      loop.after(slowness + loop.delay(), undefined, `a message to ${actor.name}`, () => {
        // A frozen context misses it.
        if (!actor.isFrozen) loop.after(0, actor, 'message', () => deliver(port, data));
      });
    }
  };

  return {
    open(actor: Actor, name: string): Port {
      const port: Port = Object.assign(new EventTarget(), {
        actor,
        name,
        postMessage: (data: unknown) => post(port, data),
        close: () => void ports.delete(port),
      });
      ports.add(port);
      return port;
    },
    /** The next messages do not arrive. */
    lose(count: number) {
      losses = count;
    },
    /** Messages take that long (ms). */
    slow(ms: number) {
      slowness = ms;
    },
    drop(actor: Actor) {
      for (const port of ports) if (port.actor === actor) ports.delete(port);
    },
  };
}
