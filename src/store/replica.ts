/** What this context holds of a shared session, beside what it has last seen in the store. */
import { clock } from '../platform/timers.ts';
import { createId } from '../session/changes.ts';
import { type End, type How, isSignedIn, type SessionState, type Sessions } from '../session/session.ts';
import { END_KEPT, type Entry, type Found, type Lease } from './entry.ts';
import { endOf, endsAfter, isOlder } from './order.ts';

export interface ReplicaParts {
  readonly sessions: Sessions;
  readonly keepsTokens: boolean;
  /** An entry may vanish without anybody's wish. */
  readonly forgets: boolean | undefined;
  /** Told of what is no session of ours. */
  onBad(kind: Found['kind']): void;
}

export function createReplica({ sessions, keepsTokens, forgets, onBad }: ReplicaParts, nothing: Found) {
  let ends: Entry['ends'] = [];
  /** The newest refresh token that was in the store, by session and number. */
  let stored: Pick<SessionState, 'id' | 'rotation'> = { rotation: 0 };
  /** One that is being written; it may be there although nothing says so. */
  let sent: SessionState | undefined;
  /** When the store was last read or written (ms since the epoch). */
  let usedAt = 0;
  const state = () => sessions.current.state;

  function note(found: Found): void {
    if (found.lease?.id !== replica.known.lease?.id) replica.seenAt = clock();
    sent = undefined;
    replica.known = found;
    replica.isRead = true;
    usedAt = Date.now();
  }

  function mark(): void {
    const { id, rotation } = replica.known.state;
    const before = stored.id === id ? stored.rotation : 0;
    if (id === state().id) stored = { id, rotation: Math.max(rotation, before) };
  }

  /** Another context has gone on. */
  function follow({ state: next, ...found }: Found, was: SessionState, isFirst: boolean): void {
    const isSame = next.id === was.id;
    ends = found.ends;
    if (
      isSame &&
      next.end?.reason === 'ended' &&
      keepsTokens &&
      isSignedIn(was) &&
      was.rotation > next.rotation
    ) {
      // It was taken for over because of a token that this context has replaced (R35).
      replica.keep({ ...was, id: createId() });
      return;
    }
    // A cookie's tokens are each context's own; of the same tokens the object stays the same.
    const isSameToken = next.held?.tokens.accessToken === was.held?.tokens.accessToken;
    const own = keepsTokens
      ? isSameToken && next.rotation === was.rotation && { held: was.held }
      : { held: was.held, rotation: was.rotation };
    sessions.apply(isSame && !next.end ? { ...next, ...own } : next, {
      elsewhere: !isFirst,
      isRestored: isFirst,
      end: endOf(was.id, ends),
    });
  }

  const replica = {
    known: nothing,
    isRead: false,
    /** Whether the store lacks some of what is held here. */
    isUnwritten: false,
    /** When the lease in the store was first seen, by the clock that only goes forward. */
    seenAt: 0,

    /** The state with the newest tokens of the session, also when it is over here and not yet in the store. */
    newest(): SessionState {
      const { end, id } = state();
      const { state: known } = replica.known;
      return end && known.id === id && !known.end ? { ...known, end } : state();
    },

    /** Whether another context may know the refresh token. */
    isStored(): boolean {
      const { id, rotation } = state();
      const isIn = (one: typeof stored | undefined) => one?.id === id && Number(one?.rotation) >= rotation;
      return !keepsTokens || isIn(stored) || isIn(sent);
    },

    /** Takes over what was found, unless it is older than what is held here: that is to be written again. */
    adopt(found: Found): void {
      const { known, isRead, isUnwritten } = replica;
      const was = state();
      const isLately = Date.now() - usedAt < END_KEPT;
      note(found);
      if (found.kind === 'none') {
        const isGone = !was.end && !!was.id && stored.id === was.id && !(forgets && isLately);
        replica.isUnwritten = isSignedIn(was) && !isGone;
        const end: End = { reason: 'local', at: Date.now() };
        if (isGone) sessions.apply({ ...was, end }, { elsewhere: true });
      } else if (found.kind === 'session') {
        const own = { state: was, ends, isEarly: isUnwritten && !isRead };
        replica.isUnwritten = isOlder(found, own, keepsTokens);
        if (!replica.isUnwritten) follow(found, was, !isRead);
        mark();
      } else {
        replica.isUnwritten = found.kind === 'damaged';
        if (!isRead || found.version !== known.version) onBad(found.kind);
      }
    },

    /** The entry that a state is written as. The lease stays as long as the tokens it was taken for. */
    entryOf(next: SessionState, lease?: Lease | 'none'): Entry {
      const { known } = replica;
      const was = known.state;
      const isSame = next.id === was.id && !next.end;
      const stays = !keepsTokens || (isSame && next.rotation === was.rotation) ? known.lease : undefined;
      const all = [...ends, ...known.ends.filter(({ id }) => !endOf(id, ends))].slice(0, 4);
      return {
        // What a newer version knows of one session is not the next one's.
        ...(isSame && { ...known, version: undefined, kind: undefined, age: undefined }),
        state: next,
        ends: endsAfter(was, next, endsAfter(state(), next, all)),
        lease: lease === 'none' ? undefined : (lease ?? stays),
      };
    },

    /** It is about to be written. */
    sending({ state: next }: Entry): void {
      // Of a store that has never answered nobody else can know it.
      if (replica.isRead) sent = next;
    },

    /** It was written. */
    wrote(entry: Entry, version: string, how?: How): void {
      const was = state();
      const next = entry.state;
      note({ ...entry, version, kind: 'session' });
      ends = entry.ends;
      // It may have been ended here while it was written: that is still to come.
      replica.isUnwritten = was.id === next.id && !!was.end && !next.end;
      if (!replica.isUnwritten) sessions.apply(next, how);
      mark();
    },

    /** Goes on with another state here alone, to be written later. */
    keep(next: SessionState, how?: How): void {
      ends = endsAfter(state(), next, ends);
      replica.isUnwritten = true;
      sessions.apply(next, how);
    },
  };
  return replica;
}
