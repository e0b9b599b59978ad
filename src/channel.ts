/** Tells the other contexts of this origin that something changed: a number, and never what. */

export interface Channel {
  post(n: number): void;
  /** Hears nothing more; what is still to be told is told. */
  close(): void;
}

/** Where there is no BroadcastChannel, or none is allowed, the stored record is found at the next look. */
function open(name: string): BroadcastChannel | undefined {
  try {
    const channel = new BroadcastChannel(name);
    // Else it would keep a Node process alive.
    (channel as { unref?: () => void }).unref?.();
    return channel;
  } catch {
    return undefined;
  }
}

const local = /* @__PURE__ */ new WeakMap<object, Set<(n: number) => void>>();

/** For managers that share an object which no other context can see. */
export function openLocalChannel(shared: object, hear: (n: number) => void): Channel {
  const all = local.get(shared) ?? new Set();
  local.set(shared, all.add(hear));
  return {
    post(n) {
      for (const other of all) if (other !== hear) queueMicrotask(() => all.has(other) && other(n));
    },
    close: () => void all.delete(hear),
  };
}

export function openChannel(name: string, hear: (n: number) => void): Channel {
  let channel = open(name);
  if (channel) channel.onmessage = ({ data }) => typeof data === 'number' && hear(data);
  return {
    post(n) {
      const own = channel ?? open(name);
      own?.postMessage(n);
      if (own !== channel) own?.close();
    },
    close() {
      channel?.close();
      channel = undefined;
    },
  };
}
