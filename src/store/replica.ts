/** What this context holds of a shared session, beside what it has last seen in the store. */
import type { TokenEvents } from '../api.ts';
import { ownMembers } from '../own.ts';
import { clock } from '../platform/timers.ts';
import { createId } from '../session/changes.ts';
import { type How, isSignedIn, type SessionState, type Sessions } from '../session/session.ts';
import type { StorePort } from '../types.ts';
import { END_KEPT, type Format, type Found, type Lease, unread } from './entry.ts';
import { Line } from './line.ts';
import { following, isOlder } from './order.ts';

export abstract class Replica extends Line {
  abstract readonly port: Pick<StorePort, 'forgets' | 'whenDown'>;
  abstract readonly sessions: Sessions;
  abstract readonly manager: Format & {
    /** What may be told of something thrown. */
    summarize(thrown: unknown): Error;
    add(event: 'store-failed', payload: TokenEvents['store-failed']): void;
  };
  /** A cookie holds the session: no entry has tokens, those of each context are its own. */
  abstract readonly cookie?: unknown;
  /** What was last read or written. */
  known: Found = unread;
  /** When that was (ms since the epoch). */
  knownAt = 0;
  /** When its lease was first seen, by the clock that only goes forward. */
  leaseSeenAt = 0;
  /** Whether the store lacks some of what is held here. */
  isUnwritten = false;
  /** The states with the newest refresh tokens that are in the store, or may be: sent, and not known to be lost. */
  stored: readonly SessionState[] = [];
}

export const isRead = ({ known }: Replica): boolean => known.kind !== 'unread';

/** Whether something is to be written that may be. */
export const isBehind = ({ isUnwritten, known }: Replica): boolean => isUnwritten && known.kind !== 'foreign';

/** The state with the newest tokens of the session, also when it is over here and not yet in the store. */
export function newest({ sessions, known }: Replica): SessionState {
  const { state } = sessions.current;
  return state.end && known.state.id === state.id && !known.state.end
    ? { ...known.state, end: state.end }
    : state;
}

/** Whether another context may know the refresh token, so that without the store nobody presents it. */
export function isShared({ sessions, stored, cookie, port }: Replica): boolean {
  const { id, rotation } = sessions.current.state;
  const isIn = stored.some((one) => one.id === id && one.rotation >= rotation);
  return port.whenDown !== 'alone' && (!!cookie || isIn);
}

/** Tells what the store threw, and answers it as it may be told. */
export function report(replica: Replica, thrown: unknown): Error {
  const { manager, operation } = replica;
  const error = manager.summarize(thrown);
  // That of another manager, whose fetch the store uses, says nothing of this session.
  if (error.name === 'TokenError') error.name = 'Error';
  manager.add('store-failed', { operation, error });
  return error;
}

/** Goes on with another state here alone, to be written later. */
export function keep(replica: Replica, next: SessionState, how?: How): void {
  const { sessions } = replica;
  replica.isUnwritten = true;
  sessions.apply(following(sessions.current.state, next), how);
}

function note(replica: Replica, found: Found): void {
  if (found.lease?.id !== replica.known.lease?.id) replica.leaseSeenAt = clock();
  replica.known = found;
  replica.knownAt = Date.now();
}

/**
 * The entry that a state is written as. The lease stays as long as the tokens it was taken for.
 *
 * @param lease - One that is taken, or `null`: it ends.
 */
export function entryOf(
  { known, sessions, cookie }: Replica,
  next: SessionState,
  lease?: Lease | null,
): Found {
  const was = known.state;
  const isSame = next.id === was.id && !next.end;
  const stays = cookie || (isSame && next.rotation === was.rotation) ? known.lease : undefined;
  return {
    // What a newer version knows of one session is not the next one's.
    ...(isSame && known),
    ...{ version: createId(), kind: 'session', age: undefined },
    state: following(was, following(sessions.current.state, next)),
    lease: lease === undefined ? stays : (lease ?? undefined),
  };
}

/** It was written. */
export function wrote(replica: Replica, entry: Found, how?: How): void {
  const { sessions } = replica;
  const was = sessions.current.state;
  const next = entry.state;
  note(replica, entry);
  replica.stored = [next];
  // It may have been ended here while it was written: that is still to come.
  replica.isUnwritten = was.id === next.id && !!was.end && isOlder(next, was, false);
  if (!replica.isUnwritten) sessions.apply(next, how);
}

/** Another context has gone on. */
function follow(replica: Replica, { state: next }: Found, was: SessionState, isFirst: boolean): void {
  if (next.id === was.id && next.end?.reason === 'ended' && isSignedIn(was) && was.rotation > next.rotation) {
    // It was taken for over because of a token that this context has replaced (R35).
    keep(replica, { ...was, id: createId(), revives: was.id });
    return;
  }
  replica.sessions.apply(next, { elsewhere: !isFirst, isRestored: isFirst });
}

/** The state in an entry. A cookie's tokens are each context's own; of the same tokens the object stays the same. */
function stateOf(
  { cookie }: Replica,
  { state: next }: Found,
  { id, held, rotation, refreshed }: SessionState,
) {
  const isSame = next.rotation === rotation && next.held?.tokens.accessToken === held?.tokens.accessToken;
  return next.id === id && (cookie || isSame) ? { ...next, held, rotation, refreshed } : next;
}

/** Takes over what was found, unless it is older than what is held here: that is to be written again. */
export function adopt(replica: Replica, read: Found): void {
  const { known, knownAt, isUnwritten, sessions, port } = replica;
  const isFirst = !isRead(replica);
  if (!isFirst && read.version === known.version) {
    replica.known = { ...known, age: read.age };
    replica.knownAt = Date.now();
    return;
  }
  const was = sessions.current.state;
  const found = { ...read, state: ownMembers(stateOf(replica, read, was)) };
  note(replica, found);
  if (found.kind === 'session') {
    replica.isUnwritten = isOlder(found.state, was, isUnwritten && isFirst);
    if (!replica.isUnwritten) follow(replica, found, was, isFirst);
    if (found.state.id === sessions.current.state.id && !isShared(replica)) replica.stored = [found.state];
  } else if (found.kind === 'none') {
    // It was there, and nobody keeps it any more.
    const isGone =
      !!was.id && !was.end && known.state.id === was.id && !(port.forgets && Date.now() - knownAt < END_KEPT);
    replica.isUnwritten = isSignedIn(was) && !isGone;
    if (isGone) sessions.apply({ ...was, end: { reason: 'local', at: Date.now() } }, { elsewhere: true });
  } else {
    replica.isUnwritten = found.kind === 'damaged';
    const what = replica.isUnwritten
      ? 'is damaged, and is replaced'
      : 'is not of this client or sealed with another key, and is left alone';
    report(replica, new Error(`the stored session ${what}`));
  }
}
