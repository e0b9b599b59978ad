/** Tokens that are good only together with a key: the parts of RFC 9449, put together. */
import type { Attach, Fetch, Refresh, TokenManager, TokenSet } from '../types.ts';
import { type Choice, createBindings, type Token } from './bindings.ts';
import { followSessions } from './follow.ts';
import { createKeyPair, thumbprintOf } from './proof.ts';
import { createResourceRequests } from './resource-requests.ts';
import { createSign, tokensOf } from './token-requests.ts';

/** The options of `dpop`; all may be left out. */
export interface DpopOptions {
  /**
   * The algorithm of the keys. Not every browser has `Ed25519`; `RS256` and `PS256` make long proofs.
   *
   * @default 'ES256', which every server that knows DPoP takes
   */
  alg?: 'ES256' | 'Ed25519' | 'RS256' | 'PS256' | undefined;
  /** Names the record in the database `evertoken-dpop`. @default 'evertoken' */
  name?: string | undefined;
  /**
   * One key pair for every session, for services of several processes: in Node keys are kept in memory, and no other
   * process can find them. The public key must be extractable, the private key should not be.
   *
   * @default a new pair for each session, whose private key nobody can export
   */
  keyPair?: CryptoKeyPair | undefined;
}

/** Sender-constrained tokens: an {@link Attach}, and what makes token requests carry the same key. */
export interface Dpop extends Required<Attach> {
  /**
   * A `refresh` whose requests are signed with the key of the session, or of the one that begins.
   * A nonce that the authorization server asks for is no failure, and the retries of `refresh` know nothing of it.
   */
  refresh(refresh: Refresh): Refresh;
  /**
   * A `fetch` for the token endpoint, and for nothing else: each POST carries a proof. A form with a `refresh_token`
   * is signed with the key that token is bound to, anything else begins a session with a new key, unless `thumbprint`
   * names one that {@link Dpop.thumbprint} made. A redirect is an error.
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

const allowed: Record<keyof DpopOptions, (value: unknown) => unknown> = {
  alg: (value) => ['ES256', 'Ed25519', 'RS256', 'PS256'].includes(value as string),
  name: (value) => typeof value === 'string' && value,
  keyPair: (value) => (value as CryptoKeyPair | null)?.privateKey,
};

function check(options: DpopOptions): void {
  if (!globalThis.crypto?.subtle) {
    throw new Error(
      'evertoken: dpop() finds no crypto.subtle here, so it cannot sign: serve the page over https or from localhost',
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const isGood = Object.hasOwn(allowed, name) ? allowed[name as keyof DpopOptions] : () => false;
    if (value !== undefined && !isGood(value)) {
      throw new TypeError(
        `evertoken: dpop.${name} is ${value ? typeof value : 'empty'}; expected alg: 'ES256', 'Ed25519', 'RS256' or 'PS256', name: string, keyPair: CryptoKeyPair`,
      );
    }
  }
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
 * @throws TypeError that names the option; Error where `crypto.subtle` is missing (plain http).
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 * import { dpop } from 'evertoken/dpop';
 *
 * const proofs = dpop();
 * const auth = createTokenManager({
 *   refresh: proofs.refresh(refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' })),
 *   allow: 'https://api.example.com',
 *   attach: proofs,
 * });
 * proofs.follow(auth);
 */
export function dpop(options: DpopOptions = {}): Dpop {
  check(options);
  const { alg = 'ES256', name = 'evertoken', keyPair } = options;
  const bindings = createBindings(name);
  const sign = createSign(bindings);
  const choices = new WeakMap<TokenSet, Promise<Choice>>();

  /** A key that is not known is made: what is bound to another one is refused, and so the session ends in order. */
  async function choose(by: Token[], isNew = false): Promise<Choice> {
    const known = isNew ? undefined : await bindings.find(by);
    return { pair: known ?? keyPair ?? (await createKeyPair(alg)), by, isKnown: !!known };
  }

  function choiceOf(tokens: TokenSet): Promise<Choice> {
    const known = choices.get(tokens);
    if (known) return known;
    const choice = choose([tokens.accessToken, tokens.refreshToken]);
    choices.set(tokens, choice);
    choice.catch(() => choices.delete(tokens));
    return choice;
  }

  return {
    ...createResourceRequests(async (tokens) => (await choiceOf(tokens)).pair),
    refresh(refresh) {
      const signed: Refresh = async (context) => {
        const { tokens, fetch } = context;
        // A cookie may hold the session whose key was bound last.
        const choice = await (tokens ? choiceOf(tokens) : choose([]));
        const answer = await refresh({ ...context, fetch: sign(fetch, async () => choice) });
        // `read` may have found tokens where nobody else would look.
        await bindings.bind(choice, tokensOf(answer));
        return answer;
      };
      signed.withoutRefreshToken = refresh.withoutRefreshToken;
      return signed;
    },
    wrap: (fetch, thumbprint) =>
      sign(fetch, (body) => {
        const by = thumbprint ?? new URLSearchParams(body).get('refresh_token');
        return by ? choose([by]) : choose([], true);
      }),
    async thumbprint() {
      const choice = await choose([], true);
      const thumbprint = await thumbprintOf(choice.pair);
      await bindings.bind(choice, [thumbprint]);
      return thumbprint;
    },
    follow: (auth) => followSessions(auth, bindings.forget),
  };
}
