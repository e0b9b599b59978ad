/** A port for a program that has to be told one. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A free port below those that the system gives to outgoing connections, one of which might take it first. */
export async function findPort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return port;
  } catch {
    return findPort();
  } finally {
    server.close();
  }
}
