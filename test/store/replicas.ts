/** What a context holds of a shared session, what it told, and what it finds in the store. */
import { createEvents } from '../../src/session/events.ts';
import { createSessions, type SessionState } from '../../src/session/session.ts';
import { type Format, type Found, readEntry } from '../../src/store/entry.ts';
import { createReplica } from '../../src/store/replica.ts';
import { short, type Told } from '../support/recorder.ts';
import { accept, heldOf, stateOf } from './parts.ts';

const format: Format = { clientId: 'shop', keepsTokens: true, restore: accept };

let versions = 0;
/** An entry of another context. */
export const found = (state: SessionState, more: Partial<Found> = {}): Found => ({
  ...{ kind: 'session', version: `v${++versions}`, state, ends: [] },
  ...more,
});
export const none = () => readEntry(undefined, format);

/** A context, what it told, and what it found bad. */
export function setUp({ keepsTokens = true, forgets = false } = {}) {
  const events = createEvents();
  const sessions = createSessions(events);
  const bad: string[] = [];
  const told: Told[] = [];
  events.on('*', (...args: never[]) => void told.push(args as unknown as Told));
  const onBad = (kind: string) => void bad.push(kind);
  const replica = createReplica({ sessions, keepsTokens, forgets, onBad }, none());
  const heard = () => {
    events.flush();
    return short(told.splice(0));
  };
  /** Somebody who signed in here, as it was written. */
  const signedIn = () => {
    replica.adopt(none());
    replica.wrote(replica.entryOf(stateOf()), 'v-in');
    heard();
    return sessions.current.state;
  };
  return { ...{ sessions, replica, bad, told, heard, signedIn }, state: () => sessions.current.state };
}

/** The session after its refresh token was replaced so often. */
export const rotated = (rotation: number, more: Partial<SessionState> = {}) =>
  stateOf({ rotation, held: heldOf(`a${rotation}`), ...more });
