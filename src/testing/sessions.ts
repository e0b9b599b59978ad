/** The sessions of the authorization server: which token is good, which is spent, which is dead. */

/** What tokens are issued for. */
export interface Grant {
  readonly subject: string;
  readonly clientId: string;
  readonly scope?: string | undefined;
  readonly nonce?: string | undefined;
}

export interface Session extends Grant {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
}

/** What is issued, in the names of the wire (RFC 6749 §5.1). */
export interface Issued {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scope?: string;
}

export interface SessionRules {
  readonly accessTokenLifetime: number;
  readonly refreshTokenLifetime: number;
  readonly rotation: boolean;
  readonly reuseInterval: number;
}

interface Kept {
  readonly session: Session;
  /** The clock is asked at each use. */
  readonly until: number;
  spentAt?: number;
}

export function createSessions(rules: SessionRules) {
  const access = new Map<string, Kept>();
  const refresh = new Map<string, Kept>();
  const alive = new Set<Session>();
  let count = 0;

  const good = (kept: Kept | undefined): Kept | undefined =>
    kept && alive.has(kept.session) && kept.until > Date.now() ? kept : undefined;

  /** Tokens for a session that runs; the refresh token is a new one, unless `kept` goes on. */
  function issue(session: Session, hasRefreshToken: boolean, kept?: string): Issued {
    count++;
    const now = Date.now();
    const { accessTokenLifetime, refreshTokenLifetime } = rules;
    access.set(`access-${count}`, { session, until: now + accessTokenLifetime });
    const refreshToken = kept ?? `refresh-${count}`;
    if (hasRefreshToken && !kept) refresh.set(refreshToken, { session, until: now + refreshTokenLifetime });
    return {
      access_token: `access-${count}`,
      token_type: 'Bearer',
      expires_in: accessTokenLifetime / 1_000,
      ...(hasRefreshToken && { refresh_token: refreshToken }),
      ...(session.scope && { scope: session.scope }),
    };
  }

  return {
    begin(grant: Grant, { hasRefreshToken = true } = {}): { session: Session; issued: Issued } {
      const session = { ...grant, id: `session-${count + 1}`, begunAt: Date.now() };
      alive.add(session);
      return { session, issued: issue(session, hasRefreshToken) };
    },

    /** A spent token ends its session: it may have been stolen (RFC 9700 §4.14.2). */
    refresh(token: string): { session?: Session; issued?: Issued; outcome: 'done' | 'refused' | 'reused' } {
      const kept = good(refresh.get(token));
      if (!kept) return { outcome: 'refused' };
      const { session, spentAt } = kept;
      if (spentAt !== undefined && Date.now() - spentAt >= rules.reuseInterval) {
        alive.delete(session);
        return { session, outcome: 'reused' };
      }
      if (rules.rotation) kept.spentAt ??= Date.now();
      return { session, issued: issue(session, true, rules.rotation ? undefined : token), outcome: 'done' };
    },

    /** Whose access token it is, if it is good. */
    find: (token: string): Session | undefined => good(access.get(token))?.session,

    /** A refresh token takes its whole session with it (RFC 7009 §2.1). */
    revoke(token: string): void {
      const kept = refresh.get(token);
      if (kept) alive.delete(kept.session);
      access.delete(token);
    },

    expireAccessTokens: () => access.clear(),

    /** Ends the sessions that are meant, with all their tokens. */
    end(isMeant: (session: Session) => boolean): void {
      for (const session of alive) if (isMeant(session)) alive.delete(session);
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
