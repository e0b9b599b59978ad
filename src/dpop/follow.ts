/** Follows the sessions of a manager, and names the tokens of each that ends. */
import type { TokenManager } from '../api.ts';
import type { TokenSet } from '../types.ts';

/**
 * @param forget - Gets the last tokens of a session that ended in this context, and what is held now.
 * @returns The function that ends it.
 */
export function followSessions(
  auth: Pick<TokenManager, 'on' | 'tokens' | 'sessionId'>,
  forget: (tokens: TokenSet | undefined, next: TokenSet | undefined) => Promise<unknown>,
): () => void {
  let { sessionId, tokens } = auth;
  return auth.on('*', (event, payload) => {
    // Who ends a session forgets its key for all.
    if (event === 'signed-out' && !payload.elsewhere && payload.sessionId === sessionId) {
      forget(tokens, auth.tokens);
    }
    // An event may come late: what is held may be gone by then, or be the next session's.
    if (auth.sessionId) ({ sessionId, tokens } = auth);
  });
}
