/** Tells the other contexts of this origin that something may have changed, and never what. */

/** Where there is no BroadcastChannel, or none is allowed, nobody is told. */
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

/** Tells whoever listens under the name, but for the listener of this very channel. */
export function createChannel(name: string) {
  let channel: BroadcastChannel | undefined;
  return {
    post() {
      const own = channel ?? open(name);
      own?.postMessage(0);
      if (!channel) own?.close();
    },
    listen(listener: () => void): () => void {
      channel = open(name);
      if (channel) channel.onmessage = listener;
      return () => {
        channel?.close();
        channel = undefined;
      };
    },
  };
}
