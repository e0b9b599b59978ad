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
