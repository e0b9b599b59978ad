/** Tokens that are good only together with a key: the parts of RFC 9449, put together. */
import type { TokenManager } from '../api.ts';
import { misspelt } from '../nearest.ts';
import { ownMembers } from '../own.ts';
import type { Attach, EncryptionKey, Fetch, Refresh, TokenSet } from '../types.ts';
import { followSessions } from './follow.ts';
import { createKeys, type Key, type Tokens } from './keys.ts';
import { calculateThumbprint, generateKeyPair } from './proof.ts';
import { createResourceRequests } from './resource-requests.ts';
import { createSign } from './token-requests.ts';

/** A `CryptoKeyPair`, for projects without the DOM library too. */
export interface DpopKeyPair {
  readonly publicKey: Exclude<EncryptionKey, Uint8Array>;
  readonly privateKey: Exclude<EncryptionKey, Uint8Array>;
}

/** The options of `dpop`; all may be left out. */
export interface DpopOptions {
  /**
   * The algorithm of the keys. Not every browser has `Ed25519`; `RS256` and `PS256` make long proofs.
   *
   * @default 'ES256', which every server that knows DPoP takes
   */
  alg?: 'ES256' | 'Ed25519' | 'RS256' | 'PS256' | undefined;
  /**
   * One key pair for every session, for services of several processes: in Node keys are kept in memory, and no other
   * process can find them. The public key must be extractable, the private key should not be.
   *
   * @default a new pair for each session, whose private key nobody can export
   */
  keyPair?: DpopKeyPair | undefined;
}

/** Sender-constrained tokens: an {@link Attach}, and what makes token requests carry the same key. */
export interface Dpop extends Attach {
  /**
   * A `refresh` whose requests are signed with the key of the session, or of the one that begins.
   * A nonce that the authorization server asks for is no failure, and the retries of `refresh` know nothing of it.
   */
  refresh(refresh: Refresh): Refresh;
  /**
   * A `fetch` for the token endpoint, and for nothing else: each request carries a proof. A form with a `refresh_token`
   * is signed with the key that token is bound to, anything else begins a session with a new key, unless `thumbprint`
   * names one that {@link Dpop.thumbprint} made. A redirect is never followed: an error, unless `redirect: 'manual'` asks
   * for its answer.
   */
  wrap(fetch: Fetch, thumbprint?: string): Fetch;
  /**
   * Makes a key for a sign-in, and answers its JWK thumbprint (RFC 7638): the parameter `dpop_jkt` of the authorization
   * request (RFC 9449 §10), which binds the code to the key. Hand it to {@link Dpop.wrap} for the exchange of the code.
   */
  thumbprint(): Promise<string>;
  /**
   * Forgets the key of each session of `auth` that ends. Nothing but tidiness depends on it: a key is found by the
   * tokens it came with, never by the order of events.
   *
   * @returns The function that ends it.
   */
  follow(auth: Pick<TokenManager, 'on' | 'tokens' | 'sessionId'>): () => void;
}

function refuse(what: string): never {
  throw new TypeError(`evertoken: dpop() ${what}`);
}

/**
 * Sender-constrained tokens (RFC 9449): every request carries a fresh proof, signed with a key that no script can
 * export; a stolen token is worth nothing without it. Install `dpop` with it. The option `attach` of
 * `createTokenManager`, which then takes tokens of the type `DPoP` and no others.
 *
 * Each session has a key of its own, made for its sign-in. It is kept in IndexedDB (database `evertoken-dpop`), so
 * that it survives a reload and all tabs find it; where IndexedDB is missing (Node) or blocked it lives in memory,
 * and a session restored from a storage ends at its next refresh.
 *
 * @param name - Of the app, as its store is named: two apps on one origin must not share a key.
 * @throws TypeError for a missing name, an unknown `alg`, a `keyPair` that is none, and where `crypto.subtle` is missing (plain http).
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 * import { dpop } from 'evertoken/dpop';
 *
 * const proofs = dpop('shop');
 * const auth = createTokenManager({
 *   refresh: proofs.refresh(refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' })),
 *   allow: 'https://api.example.com',
 *   attach: proofs,
 * });
 * proofs.follow(auth);
 */
export function dpop(name: string, options?: DpopOptions): Dpop {
  const wrong = __DEVELOPMENT__ && misspelt(options ?? {}, ['alg', 'keyPair']);
  if (wrong) refuse(`has no option ${wrong.name}; ${wrong.advice}`);
  const { alg = 'ES256', keyPair } = ownMembers(options);
  if (!name || typeof name !== 'string') refuse('needs the name of the app');
  const algs = ['ES256', 'Ed25519', 'RS256', 'PS256'];
  if (!algs.includes(alg)) refuse(`has no alg ${alg}; it has ${algs}`);
  if (keyPair !== undefined && !keyPair?.privateKey) refuse('needs a CryptoKeyPair as keyPair');
  if (!crypto.subtle) refuse('needs https (crypto.subtle)');
  const keys = createKeys(name, () => (keyPair as CryptoKeyPair | undefined) ?? generateKeyPair(alg));
  const sign = createSign(keys.bind);
  const chosen = new WeakMap<TokenSet, Promise<Key>>();

  function keyOf(tokens: TokenSet): Promise<Key> {
    const key = chosen.get(tokens) ?? keys.choose(tokens);
    chosen.set(tokens, key);
    key.catch(() => chosen.delete(tokens));
    return key;
  }

  return {
    ...createResourceRequests(keyOf),
    refresh: (refresh) =>
      Object.assign<Refresh, Refresh>(async (context) => {
        const { tokens, fetch } = context;
        // A cookie may hold the session whose key was bound last.
        const key = await (tokens ? keyOf(tokens) : keys.choose());
        const answer = await refresh({ ...context, fetch: sign(fetch, async () => key) });
        // `read` may have found tokens where nobody else would look.
        await keys.bind(key, answer as Tokens);
        return answer;
      }, refresh),
    wrap: (fetch, thumbprint) =>
      sign(fetch, async (request) => {
        const by = thumbprint ?? new URLSearchParams(await request.clone().text()).get('refresh_token');
        return by ? keys.choose({ refresh_token: by }) : keys.make();
      }),
    async thumbprint() {
      const key = await keys.make();
      const thumbprint = await calculateThumbprint(key.pair.publicKey);
      await keys.bind(key, { refresh_token: thumbprint });
      return thumbprint;
    },
    follow: (auth) => followSessions(auth, keys.forget),
  };
}
