/** Keys of the authorization server, and what is computed with them: ID tokens, and the challenge of a code. */

const text = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

const encode = (value: unknown): string => text(new TextEncoder().encode(JSON.stringify(value)));

/** RFC 7636 §4.2. */
export async function challengeOf(verifier: string): Promise<string> {
  return text(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

export interface Signer {
  /** The public key (RFC 7517 §5). */
  jwks(): Promise<{ keys: object[] }>;
  /** A JWT with these claims (RFC 7519). */
  sign(claims: object): Promise<string>;
}

/** The keys are made at the first use: who wants no ID token needs no `crypto.subtle`. */
export function createSigner(): Signer {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const header = { alg: 'ES256', kid: 'test', typ: 'JWT' };
  let made: Promise<CryptoKeyPair> | undefined;
  const keys = () => {
    made ??= crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
    return made;
  };
  return {
    async jwks() {
      const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', (await keys()).publicKey);
      return { keys: [{ kty, crv, x, y, kid: header.kid, alg: header.alg, use: 'sig' }] };
    },
    async sign(claims) {
      const { privateKey } = await keys();
      const signed = `${encode(header)}.${encode(claims)}`;
      const bytes = new TextEncoder().encode(signed);
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, bytes);
      return `${signed}.${text(new Uint8Array(signature))}`;
    },
  };
}
