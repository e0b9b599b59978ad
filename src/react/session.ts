/** What is shown of a manager's session: one object, the same until something that is shown has changed. */
import type { AnyListener, TokenEvents, TokenManager } from '../api.ts';
import type { IdTokenClaims, TokenSet } from '../types.ts';
import { claimsOfUser } from './claims.ts';

/** What a component can show of a session. Frozen, and the same object until something in it changes. */
export interface Session {
  /** As the manager says it. `unknown`, until the store has answered: show neither the app nor the login page. */
  readonly status: TokenManager['status'];
  /** The last refresh has failed and the session goes on: "reconnecting". */
  readonly reconnecting: boolean;
  /** While reconnecting: milliseconds since the epoch before which no request tries again. */
  readonly retryAt?: number | undefined;
  /**
   * Signed out: why the last session is over. `ended`: it has expired, or the server has ended it; `local`: by
   * `signOut()`. Absent: nobody was signed in, or it ended before any component of the page watched.
   */
  readonly reason?: TokenEvents['signed-out']['reason'] | undefined;
  /** Whether that happened in another tab. */
  readonly elsewhere?: boolean | undefined;
  /** The same for all tabs, kept by a refresh, new with each sign-in. */
  readonly sessionId?: string | undefined;
  /**
   * What the ID token says of the user, to show a name: no proof of anything. Without what changes with each token
   * (`iat`, `exp`, `nbf`, `jti`, `nonce`, hashes), which `claimsOf(auth.tokens)` has. Empty where there is no ID token.
   */
  readonly claims: IdTokenClaims;
}

/** A manager as `useSyncExternalStore` takes it. */
export interface Watched {
  subscribe(onChange: () => void): () => void;
  snapshot(): Session;
}

/** Where nothing is known: on a server, and in the page until React has taken over what the server rendered. */
export const unknownSession: Session = Object.freeze({ status: 'unknown', reconnecting: false, claims: {} });

/** Watches while somebody subscribes, and leaves no listener behind; what it has heard stays known. */
function watch(auth: TokenManager): Watched {
  let end: TokenEvents['signed-out'] | undefined;
  /** Over with the next tokens. */
  let failure: { readonly tokens: TokenSet | undefined; readonly retryAt: number } | undefined;
  let shown = unknownSession;
  let text = JSON.stringify(shown);
  /** What was shown came of these. */
  let seen: unknown[] = [];

  function snapshot(): Session {
    const { status, tokens, sessionId } = auth;
    // The next end may come while nobody watches.
    if (tokens) end = undefined;
    const now = [status, tokens, end, failure];
    if (seen.length && now.every((one, index) => one === seen[index])) return shown;
    seen = now;
    const isOut = status === 'signed-out';
    const failed = !isOut && failure?.tokens === tokens ? failure : undefined;
    const session: Session = {
      ...{ status, sessionId, reconnecting: !!failed, retryAt: failed?.retryAt },
      ...(isOut && { reason: end?.reason, elsewhere: end?.elsewhere }),
      claims: claimsOfUser(tokens?.idToken),
    };
    const next = JSON.stringify(session);
    if (next !== text) {
      text = next;
      shown = Object.freeze(session);
    }
    return shown;
  }

  /** Where a cookie holds the session, this asks the server. */
  const ask = () => {
    if (auth.status === 'unknown') void auth.ready;
  };

  return {
    snapshot,
    subscribe(onChange) {
      let timer: ReturnType<typeof setTimeout>;
      const hear: AnyListener = (event, payload) => {
        if (event === 'signed-out') end = payload;
        if (event === 'token-refreshed') failure = undefined;
        if (event !== 'refresh-failed') return;
        failure = { tokens: auth.tokens, retryAt: payload.retryAt };
        clearTimeout(timer);
        // Nobody sends a request while it is not known who is signed in.
        timer = setTimeout(ask, payload.retryAt - Date.now());
        onChange();
      };
      const stops = [auth.on('*', hear), auth.subscribe(onChange)];
      ask();
      return () => {
        clearTimeout(timer);
        for (const stop of stops) stop();
      };
    },
  };
}

const all = new WeakMap<TokenManager, Watched>();

/** The one of this manager. */
export function watched(auth: TokenManager): Watched {
  const known = all.get(auth) ?? watch(auth);
  all.set(auth, known);
  return known;
}
