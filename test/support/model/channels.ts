/** BroadcastChannel between the contexts. */
import type { Actor } from './loop.ts';
import type { News } from './news.ts';

interface Port extends EventTarget {
  readonly actor: Actor;
  readonly name: string;
  onmessage?: (event: MessageEvent) => void;
}

/** @param hear - Told what is in a message. */
export function createChannels(news: News, hear: (data: unknown) => void) {
  const ports = new Set<Port>();

  const deliver = (port: Port, data: unknown) => {
    if (!ports.has(port)) return;
    const event = new MessageEvent('message', { data });
    port.dispatchEvent(event);
    port.onmessage?.(event);
  };

  const post = (from: Port, data: unknown) => {
    hear(data);
    for (const port of ports) {
      if (port !== from && port.name === from.name) news.tell(port.actor, () => deliver(port, data));
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
    drop(actor: Actor) {
      for (const port of ports) if (port.actor === actor) ports.delete(port);
    },
  };
}
