/** Follows the sessions of a manager, and names the tokens of each that ends. */
import type { TokenManager, TokenSet } from '../types.ts';
import type { Token } from './bindings.ts';

/**
 * @param forget - Gets the last tokens of a session that ended here; none where another context ended it.
 * @returns The function that ends it.
 */
export function followSessions(
  auth: Pick<TokenManager, 'on' | 'tokens' | 'sessionId'>,
  forget: (tokens: Token[]) => Promise<void>,
): () => void {
  const last = new Map<string, TokenSet>();
  // An event may come when the next session is there already, so each has its own.
  const look = () => {
    const { tokens, sessionId } = auth;
    if (tokens && sessionId) last.set(sessionId, tokens);
  };
  look();
  return auth.on('*', (event, payload) => {
    look();
    if (event !== 'signed-out') return undefined;
    const { sessionId, reason } = payload;
    const tokens = last.get(sessionId);
    last.delete(sessionId);
    // Who ended the session forgets its key for all.
    return forget(tokens && reason !== 'other-context' ? [tokens.accessToken, tokens.refreshToken] : []);
  });
}
