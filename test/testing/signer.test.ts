/** Keys of the test server, as libraries see them. */
import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, test, vi } from 'vitest';
import { challengeOf, createSigner } from '../../src/testing/signer.ts';

test('what it signs is verified with the keys it shows, in any script', async () => {
  const signer = createSigner();
  const jwt = await signer.sign({ sub: 'Zoë 東京', aud: 'spa' });
  const keys = await signer.jwks();
  expect(Object.keys(keys.keys[0] ?? {})).not.toContain('d');
  const { payload } = await jwtVerify(jwt, createLocalJWKSet(keys as never), {
    algorithms: ['ES256'],
    audience: 'spa',
  });
  expect(payload.sub).toBe('Zoë 東京');
});

test('the challenge is that of RFC 7636, Appendix B', async () => {
  expect(await challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  );
});

test('no key is made before it is needed', () => {
  const generateKey = vi.spyOn(crypto.subtle, 'generateKey');
  createSigner();
  expect(generateKey).not.toHaveBeenCalled();
});
