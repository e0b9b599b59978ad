/** The server's metadata, and how long requests may take. */
import type { Fetch } from '../types.ts';
import { endable } from './endable.ts';
import type { ServerMetadata } from './options.ts';

/** So long a request waits for its answer (ms). */
const PATIENCE = 10_000;

/** Over after ten seconds, and with `end`; `AbortSignal.any` is younger than many browsers. */
export function limited(end?: AbortSignal): AbortSignal {
  const limit = AbortSignal.timeout(PATIENCE);
  if (!end) return limit;
  const controller = new AbortController();
  for (const signal of [end, limit]) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', () => controller.abort(signal.reason));
  }
  return controller.signal;
}

interface Look {
  readonly found: Promise<ServerMetadata>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * The metadata: those that are given, or those that are found; looked for once, for all who want them, and again after
 * a failure. When nobody waits any more the search is over.
 */
export function createDiscovery(
  given: ServerMetadata | undefined,
  find: (fetch: Fetch | undefined, signal: AbortSignal) => Promise<ServerMetadata>,
): (fetch?: Fetch, signal?: AbortSignal) => Promise<ServerMetadata> {
  let server = given;
  let look: Look | undefined;

  function begin(fetch: Fetch | undefined): Look {
    const controller = new AbortController();
    const found = find(fetch, controller.signal)
      .then((metadata) => {
        server = metadata;
        return metadata;
      })
      .finally(() => {
        if (look === begun) look = undefined;
      });
    const begun = { controller, found, waiting: 0 };
    return begun;
  }

  return async (fetch, signal) => {
    if (server) return server;
    look ??= begin(fetch);
    const mine = look;
    mine.waiting++;
    try {
      return await endable(signal, () => mine.found);
    } finally {
      mine.waiting--;
      if (!mine.waiting) {
        if (look === mine) look = undefined;
        mine.controller.abort();
      }
    }
  };
}
