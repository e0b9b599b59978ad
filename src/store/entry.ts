/** What stands in a store: the state of a session, who presents its refresh token, and what ended before it. */
import type { Accept } from '../session/expiry.ts';
import type { SessionState } from '../session/session.ts';
import type { Refresh, StoreEntry } from '../types.ts';

/** Who presents the refresh token, and for how long (ms). */
export interface Lease {
  /** Made anew each time. */
  readonly id: string;
  readonly by: string;
  readonly ms: number;
  /** It was taken under a lock that its holder cannot lose alive. */
  readonly isLocked: boolean;
}

/** Members that this version does not know are kept as long as the session goes on. */
export interface Entry {
  readonly state: SessionState;
  readonly lease?: Lease | undefined;
}

/**
 * - `unread`: nobody has looked yet.
 * - `none`: there is no entry.
 * - `damaged`: what is there is no entry; it is replaced.
 * - `foreign`: it belongs to another client, to a newer version of this package, or has tokens that only another `attach` serves.
 */
export interface Found extends Entry {
  readonly version: string | undefined;
  readonly kind: 'session' | 'unread' | 'none' | 'damaged' | 'foreign';
  readonly age?: number | undefined;
}

/** What an entry is read and written with. */
export interface Format {
  /** A session belongs to the client that began it. */
  readonly refresh: Pick<Refresh, 'id'>;
  /** A cookie holds the session, and no token is part of the entry. */
  readonly cookie?: unknown;
  /** Checks stored tokens and works out their moments. */
  readonly accept: Accept;
}

const FORMAT = 1;

/** So long a context that was away can learn from a store that drops entries that a session was signed out (ms). */
export const END_KEPT = 7 * 24 * 3_600_000;

/** Nobody's. */
export const unread: Found = {
  ...{ version: undefined, kind: 'unread' },
  state: { rotation: -1, capturedAt: 0, renewedAt: 0 },
};

/** @throws whatever makes it no entry. */
function parse({ value, age }: StoreEntry, { accept, cookie, refresh }: Format): Omit<Found, 'version'> {
  const { format, client, tokens, issuedAt, issuedFor, ...entry } = JSON.parse(value);
  if (format !== FORMAT || client !== refresh.id) return { ...unread, kind: format ? 'foreign' : 'damaged' };
  const { state } = entry as Entry;
  const { id, end, ends, rotation, capturedAt, renewedAt, failure } = state;
  const numbers = [rotation, capturedAt, renewedAt, ...(tokens ? [issuedAt, issuedFor] : [])];
  if (failure) numbers.push(failure.count, failure.at, failure.retryAt);
  // A moment beyond what a date can be.
  if (!numbers.every((number) => Math.abs(number) < 8.64e15) || !ends?.every(({ id }) => id))
    return { ...unread, kind: 'damaged' };
  const found: Found = { ...entry, age, kind: 'session' };
  if (!id || end || cookie) return found;
  // The store's clock is the same for all; those of two machines are not.
  const by = age === undefined ? 0 : Date.now() - age - issuedFor - issuedAt;
  const shifted = { ...tokens };
  for (const name of ['expiresAt', 'refreshExpiresAt']) if (shifted[name]) shifted[name] += by;
  return { ...found, state: { ...state, held: accept(shifted, issuedAt + by) } };
}

export function readEntry(entry: StoreEntry | undefined, format: Format): Found {
  const version = entry?.version;
  try {
    return { ...(entry ? parse(entry, format) : { ...unread, kind: 'none' }), version };
  } catch (error) {
    // A manager with another `attach` can use what this one cannot. Nothing else is told: JSON.parse quotes the value.
    const isForeign = (error as { code?: string }).code && /token_type/.test(`${error}`);
    return { ...unread, kind: isForeign ? 'foreign' : 'damaged', version };
  }
}

/** The entry as a store keeps it. */
export function writeEntry(next: Found, { cookie, refresh }: Format): StoreEntry {
  const { held, ...members } = next.state;
  const { id, begunAt, rotation, capturedAt, renewedAt, end, ends } = members;
  const { tokens, issuedAt = 0 } = (!cookie && !end && held) || {};
  const stored = {
    ...next,
    ...{ version: undefined, kind: undefined, age: undefined },
    format: FORMAT,
    client: refresh.id,
    // Of a session that is over nothing stays but its end.
    state: end ? { id, begunAt, rotation, capturedAt, renewedAt, end, ends } : members,
    ...(tokens && { tokens, issuedAt, issuedFor: Date.now() - issuedAt }),
  };
  const keepFor = end ? END_KEPT : Number(tokens?.refreshExpiresAt) - Date.now();
  return {
    version: next.version as string,
    value: JSON.stringify(stored),
    ...(keepFor > 0 && { keepFor }),
  };
}
