/** A wire that a test can spoil: forwards TCP to another port of loopback. */
import { connect, createServer, type Socket } from 'node:net';

export async function startProxy(target: number) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isDeaf = false;
  let isShut = false;

  const server = createServer((near) => {
    if (isShut) {
      near.destroy();
      return;
    }
    const far = connect(proxy.target, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair)
      socket
        .on('error', () => {})
        .on('close', () => {
          pairs.delete(pair);
          for (const one of pair) one.destroy();
        });
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      if (!isDeaf) near.write(data);
      else if (proxy.onLost) proxy.onLost();
    });
  });
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const proxy = {
    /** Where new connections lead. */
    target,
    port: (server.address() as { port: number }).port,
    /** An answer has been lost. */
    onLost: undefined as (() => void) | undefined,
    /** How many connections there are. */
    get connections() {
      return pairs.size;
    },
    /** What is asked arrives, and no answer comes back. */
    deafen(isNow: boolean): void {
      isDeaf = isNow;
    },
    /** All connections break; new ones are made again, unless it is shut. */
    cut,
    shut(isNow: boolean): void {
      isShut = isNow;
      if (isNow) cut();
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
