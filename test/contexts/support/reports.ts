/** A server on loopback to which pages send their answers; each is handed to who waits for it. */
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';

export interface Reports {
  /** The next report, and where the page sends it. */
  next(): { url: string; report: Promise<string> };
  close(): Promise<void>;
}

export async function startReports(): Promise<Reports> {
  const http = await listenOnLoopback();
  const awaited = new Map<string, (report: string) => void>();
  let count = 0;
  http.handle(async (request, response) => {
    const path = request.url ?? '';
    const report = await text(request);
    response.end();
    awaited.get(path)?.(report);
    awaited.delete(path);
  });
  return {
    next() {
      const path = `/${++count}`;
      const report = new Promise<string>((resolve) => awaited.set(path, resolve));
      return { url: http.origin + path, report };
    },
    close: http.close,
  };
}
