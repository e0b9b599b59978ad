/** The refreshes that reached the server, and what became of each. */
import { createFailures } from './failures.ts';
import type { Issued, Session, Sessions } from './sessions.ts';

export type RefreshFormat = 'form' | 'json' | 'cookie';

/** One request for new tokens. It names no token. */
export interface RefreshRecord {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly format: RefreshFormat;
  /** Whose refresh token it was; `undefined`: nobody's, or not looked at. */
  readonly subject: string | undefined;
  /** `'failed'`: as `failNextRefresh` said; `'reused'`: the token was spent before, and its session is over. */
  readonly outcome: 'done' | 'refused' | 'reused' | 'failed';
}

export function createRefreshes(
  sessions: Pick<Sessions, 'refresh'>,
  withIdToken: (session: Session, issued: Issued) => Promise<object>,
) {
  const failures = createFailures();
  let records: RefreshRecord[] = [];

  return {
    failures,
    records: () => records.slice(),

    async answer(format: RefreshFormat, token: string): Promise<Response> {
      const record = { at: Date.now(), format, subject: undefined as string | undefined };
      const index = records.push({ ...record, outcome: 'failed' }) - 1;
      const list = records;
      return failures.through(async () => {
        const { session, issued, outcome } = sessions.refresh(token);
        list[index] = { ...record, subject: session?.subject, outcome };
        const headers = { 'cache-control': 'no-store' };
        if (session && issued) return Response.json(await withIdToken(session, issued), { headers });
        // Backends of one's own say it by the status.
        return Response.json({ error: 'invalid_grant' }, { status: format === 'form' ? 400 : 401, headers });
      });
    },

    clear(): void {
      records = [];
      failures.clear();
    },
  };
}
