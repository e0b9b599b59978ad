/** Servers that say "not now", and when they let us come again (RFC 9110 §10.2.3). */

/**
 * What `Retry-After` says, in seconds or as a date: milliseconds since the epoch, an hour from now at most (R35).
 *
 * @returns 0 where it says nothing.
 */
export function retryAtOf({ headers }: Response): number {
  const value = headers.get('retry-after') ?? '';
  const now = Date.now();
  const ms = +value ? +value * 1_000 : Date.parse(value) - now;
  return ms > 0 ? now + Math.min(ms, 3_600_000) : 0;
}

/** Whether a server says "not now", which refuses nothing (R35). */
export const isBusy = (status: number): boolean => status > 499 || [408, 425, 429].includes(status);
