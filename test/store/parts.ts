/** Sessions as the tests of stores need them: tokens, states, what checks stored tokens, a runner of the suite. */

import type { Runner } from 'evertoken/testing';
import { describe, test } from 'vitest';
import { type Accept, type Held, hold } from '../../src/session/expiry.ts';
import type { SessionState } from '../../src/session/session.ts';
import { readTokenResponse } from '../../src/session/token-response.ts';

/** As a manager with the usual options does. */
export const accept: Accept = (answer, issuedAt, previous) =>
  hold(
    readTokenResponse(answer, ['bearer'], previous),
    issuedAt,
    { refreshAhead: 60_000, leeway: 10_000 },
    previous,
  );

/** Tokens that were issued now, and live an hour. */
export const heldOf = (name: string, more: object = {}): Held =>
  accept(
    { access_token: `access-${name}`, refresh_token: `refresh-${name}`, expires_in: 3_600, ...more },
    Date.now(),
  );

/** A session `a`, signed in a moment ago. */
export const stateOf = (more: Partial<SessionState> = {}): SessionState => ({
  ...{ id: 'a', begunAt: Date.now(), begunBy: 'local', rotation: 0, capturedAt: 0, renewedAt: 0 },
  ends: [],
  held: heldOf('a'),
  ...more,
});

/** Four contexts that count take their time on a busy machine. */
export const runner: Runner = { describe, test: (name, body) => test(name, { timeout: 60_000 }, body) };
