/** What stands in a store: the state of a session, who presents its refresh token, and what ended before it. */
import { memberOf, ownMembers } from '../own.ts';
import type { Accept, Held } from '../session/expiry.ts';
import type { SessionState } from '../session/session.ts';
import type { Refresh, StoreEntry, TokenSet } from '../types.ts';

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
  /** Checks stored tokens and works out their moments. */
  accept(...args: Parameters<Accept>): Held;
}

/** An entry on its way to a store. */
export interface Written extends StoreEntry {
  /** It holds no secret. */
  readonly isPlain: boolean;
}

const FORMAT = 1;

/** So long a context that was away can learn from a store that drops entries that a session was signed out (ms). */
export const END_KEPT = 604_800_000;

/** Nobody's. */
export const unread: Found = {
  ...{ version: undefined, kind: 'unread' },
  state: /* @__PURE__ */ ownMembers({ rotation: -1, capturedAt: 0, renewedAt: 0 }),
};

/** The moments as dates: of a clock that is far behind a number could be taken for seconds. */
const datesOf = (tokens: TokenSet | undefined) =>
  Object.fromEntries(
    (['expiresAt', 'refreshExpiresAt'] as const).flatMap((name) => {
      const moment = tokens?.[name];
      return moment ? [[name, new Date(moment)]] : [];
    }),
  );

/** @throws whatever makes it no entry. */
function parse({ value, age }: StoreEntry, format: Format): Found {
  const { format: form, client, ...entry } = ownMembers(JSON.parse(value));
  if (form !== FORMAT || client !== memberOf(format.refresh, 'id'))
    return { ...unread, kind: form ? 'foreign' : 'damaged' };
  const state = ownMembers((entry as Entry).state);
  const { id, end, ends, held, rotation, capturedAt, renewedAt, failure } = state;
  const { tokens, issuedAt } = { ...held } as Held;
  const numbers = [rotation, capturedAt, renewedAt];
  if (held) numbers.push(issuedAt);
  if (failure) numbers.push(failure.count, failure.at, failure.retryAt);
  // A moment beyond what a date can be.
  if (!numbers.every((number) => Math.abs(number) < 8.64e15) || !ends?.every(({ id }) => id))
    return { ...unread, kind: 'damaged' };
  const isOn = id && !end;
  return {
    ...entry,
    age,
    kind: 'session',
    state: { ...state, held: isOn ? format.accept({ ...tokens, ...datesOf(tokens) }, issuedAt) : undefined },
  };
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
export function writeEntry({ version, ...next }: Found, { refresh }: Format): Written {
  const { id, begunAt, rotation, capturedAt, renewedAt, end, ends } = next.state;
  // Of a session that is over nothing stays but its end.
  const state = end ? { id, begunAt, rotation, capturedAt, renewedAt, end, ends } : next.state;
  const value = JSON.stringify({ ...next, state, format: FORMAT, client: memberOf(refresh, 'id') });
  return { version: version as string, value, isPlain: !!end };
}
