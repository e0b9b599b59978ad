/** What the parts of one manager share: its settings, its session, its events, and what they ask of each other. */
import type { TokenManager } from './api.ts';
import type { Telling } from './development.ts';
import { TokenError } from './errors.ts';
import type { Settings } from './options.ts';
import { abortable, heed, within } from './platform/timers.ts';
import { refuseLoop } from './request/call.ts';
import { type Captures, createCaptures } from './request/capture.ts';
import { CoolDown } from './request/cool-down.ts';
import { type NotAttached, tellNotAttached } from './request/not-attached.ts';
import { type Sharing, Unshared } from './session/commit.ts';
import { Events, report } from './session/events.ts';
import { type Held, hold } from './session/expiry.ts';
import { obtain, type Refresher, renew } from './session/refresher.ts';
import { createSessions, type Session } from './session/session.ts';
import { readTokenResponse } from './session/token-response.ts';
import { summaryOf } from './summary.ts';
import type { TokenSet } from './types.ts';

/**
 * The parts get it as far as they need it. Methods of a class, because a server keeps a manager for each of ten thousand
 * sessions: closures would take kilobytes in each.
 */
export class Core extends Events implements Omit<Settings, 'store' | 'allow' | 'capture' | 'fetch'> {
  declare readonly places: Settings['places'];
  declare readonly attach: Settings['attach'];
  declare readonly replace: Settings['replace'];
  declare readonly onResponse: Settings['onResponse'];
  declare readonly withoutRefreshToken: Settings['withoutRefreshToken'];
  declare readonly refresh: Settings['refresh'];
  declare readonly refreshTimeout: Settings['refreshTimeout'];
  declare readonly refreshAhead: Settings['refreshAhead'];
  declare readonly leeway: Settings['leeway'];
  declare readonly keepFresh: Settings['keepFresh'];
  declare readonly isRejected: Settings['isRejected'];
  declare readonly revoke: Settings['revoke'];
  /** Set in the development build: tells a step of this manager to tools. */
  declare tell: Telling['tell'];
  readonly sessions = createSessions(this);
  readonly coolDown = new CoolDown();
  declare readonly captures: Captures | undefined;
  declare readonly sharing: Sharing;
  /** What headers of this manager inherit from, by which they are known again (R7). */
  mark: object | undefined;
  /** The origins and reasons that `not-attached` has told. */
  told: Set<string> | undefined;
  readonly #underlying: Settings['fetch'];
  /** How often the fetch underneath stands in itself now; it may well use ours for something else. */
  #depth = 0;
  /** The tokens that were seen last: no text that is told holds one of them. */
  #secrets: (string | undefined)[] = [];

  constructor({ store, allow, capture, fetch, ...settings }: Settings) {
    super();
    Object.assign(this, settings);
    this.#underlying = fetch;
    // Before anything starts: a rule may be none.
    this.captures = capture && createCaptures(capture, this);
    // What joins contexts comes with the store.
    this.sharing = (store?.join(this as never) as Sharing | undefined) ?? new Unshared(this.sessions);
  }

  summarize(thrown: unknown, instead?: string): Error {
    return summaryOf(thrown, this.#secrets, instead);
  }

  report(thrown: unknown): void {
    report(this.summarize(thrown));
  }

  notAttached(...args: Parameters<NotAttached>): void {
    tellNotAttached(this, ...args);
  }

  /** The fetch underneath. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const underlying = this.#underlying ?? globalThis.fetch;
    if (this.#depth > 9) refuseLoop();
    this.#depth++;
    try {
      return underlying(input, init);
    } finally {
      this.#depth--;
    }
  }

  /** Checks what should be tokens, and works out their moments; what is left out is kept from `previous`. */
  accept(answer: unknown, issuedAt: number, previous?: TokenSet): Held {
    try {
      const given = readTokenResponse(answer, this.attach.tokenTypes, previous);
      const { accessToken, refreshToken, idToken } = given;
      // The same ones come again with each read of a store.
      this.#secrets = [...new Set([accessToken, refreshToken, idToken, ...this.#secrets])].slice(0, 30);
      return hold(given, issuedAt, this, previous);
    } catch (error) {
      // A member that cannot be read, or is no value.
      throw error instanceof TokenError ? error : new TokenError('invalid-token-response');
    }
  }

  /** Bounded, and told to nobody but the reporter: the session is over here whatever the server says. */
  async revokeTokens(tokens: TokenSet | undefined): Promise<unknown> {
    const { revoke, refreshTimeout } = this;
    return (
      revoke &&
      within('the revocation', refreshTimeout, (signal) => {
        // The page may be left as soon as the user has signed out.
        const lasting: typeof fetch = (input, init) => this.fetch(input, { keepalive: true, ...init });
        return revoke({ tokens, signal, fetch: lasting });
      }).catch((thrown) => this.report(thrown))
    );
  }

  /** The session that is there once it is known; what the store holds has to be read for that. */
  async settled(signal?: AbortSignal | null): Promise<Session> {
    const { sharing, sessions } = this;
    heed(sessions.closed);
    heed(signal);
    if (sharing.isOpening()) await abortable(sharing.settle(), signal, sessions.closed);
    return sessions.current;
  }

  /** Finds out who is signed in: reads the store, and asks the server of a cookie. */
  async find(): Promise<void> {
    try {
      const session = await this.settled();
      if (!session.state.held) await this.obtain(session);
    } finally {
      this.flush();
    }
  }

  status(): TokenManager['status'] {
    const { state, isTried } = this.sessions.current;
    if (state.held) return 'signed-in';
    const isKnown = (state.end || this.sharing.isRead()) && (isTried || !this.withoutRefreshToken);
    return isKnown ? 'signed-out' : 'unknown';
  }

  renew(...args: Parameters<Refresher['renew']>): Promise<void> {
    return renew(this, ...args);
  }

  obtain(...args: Parameters<Refresher['obtain']>): Promise<Held | undefined> {
    return obtain(this, ...args);
  }
}
