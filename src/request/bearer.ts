/** Puts the token on a request as RFC 6750 §2.1 says. */
import { checkMembers, refuse } from '../check.ts';
import type { Attach, TokenSet } from '../types.ts';

/**
 * Attaches `Authorization: Bearer <token>`.
 *
 * @param options.scheme - Another scheme, for servers that invented one; `''` sends the token alone. Default `Bearer`.
 * @param options.header - Another header. The platform keeps it at a cross-origin redirect, so such a request is
 *   sent with `redirect: 'error'` unless its `init` says otherwise. Default `Authorization`.
 * @param options.replace - The token takes the place of a header that the caller has set, as SDKs that insist on a key
 *   do. Signed out, theirs goes out. Default `false`.
 *
 * @example
 * import { bearer, createTokenManager, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 *   attach: bearer({ header: 'X-Api-Token', scheme: '' }),
 * });
 */
export function bearer(
  options: { scheme?: string | undefined; header?: string | undefined; replace?: boolean | undefined } = {},
): Attach {
  const {
    scheme = 'Bearer',
    header = 'authorization',
    replace = false,
  } = checkMembers('bearer', options, {
    scheme: 'string or empty or undefined',
    header: 'string or undefined',
    replace: 'boolean or undefined',
  });
  // The platform would refuse them with a message that quotes the token (R70).
  if (!/^[\w!#-'*+.^`|~-]+$/.test(header)) refuse('bearer.header', header, 'the name of a header');
  if (!/^[ -~]*$/.test(scheme)) refuse('bearer.scheme', scheme, 'printable ASCII');
  const prefix = scheme && `${scheme} `;
  // Joined once for a token: what `+` puts together anew is slower to send than a text that was sent before.
  const values = new WeakMap<TokenSet, string>();
  return {
    replace,
    tokenTypes: [...new Set(['bearer', scheme.toLowerCase()])],
    headers({ tokens }) {
      let value = values.get(tokens);
      if (!value) {
        value = [prefix, tokens.accessToken].join('');
        values.set(tokens, value);
      }
      return { [header]: value };
    },
  };
}
