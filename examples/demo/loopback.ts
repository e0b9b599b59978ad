/** An HTTP server on a free port of the loopback interface. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  readonly origin: string;
  /** Takes the requests from here on; those before it get a 404. */
  handle(listener: RequestListener): void;
  /** Ends open connections too; twice is fine. */
  close(): Promise<void>;
}

export async function listenOnLoopback(): Promise<LoopbackServer> {
  const server: Server = createServer((request, response) => listener(request, response));
  let listener: RequestListener = (_request, response) => void response.writeHead(404).end();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    handle(next) {
      listener = next;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
