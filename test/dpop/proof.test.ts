/** Proofs as RFC 9449 §4.2 wants them. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { createProver, generateKeyPair } from '../../src/dpop/proof.ts';

const request = { method: 'POST', url: 'https://API.example.com/a/b?secret=1#there' };
const answer = (nonce: string) => new Response(null, { headers: { 'DPoP-Nonce': nonce } });

test('a proof names the URL without query and fragment, and the token by its hash only', async () => {
  const [prove] = createProver();
  const pair = await generateKeyPair('ES256');
  const proof = await prove(pair, { ...request, url: new URL(request.url).href }, 'secret-token');
  expect(decodeJwt(proof)).toMatchObject({ htm: 'POST', htu: 'https://api.example.com/a/b' });
  expect(decodeJwt(proof)['ath']).toMatch(/^[\w-]{43}$/);
  expect(decodeProtectedHeader(proof)).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' });
  expect(decodeProtectedHeader(proof).jwk).not.toHaveProperty('d');
});

test('no proof is used twice', async () => {
  const [prove] = createProver();
  const pair = await generateKeyPair('ES256');
  const proofs = await Promise.all([prove(pair, request), prove(pair, request)]);
  expect(new Set(proofs.map((proof) => decodeJwt(proof).jti)).size).toBe(2);
});

test('nonces are those of an origin, of any answer, and are not shared between provers', async () => {
  const [prove, nonceOf] = createProver();
  const [, other] = createProver();
  expect(nonceOf(request, answer('n1'))).toBe('n1');
  expect(nonceOf({ url: 'https://api.example.com/elsewhere' }, new Response())).toBe('n1');
  expect(nonceOf({ url: 'https://api.example.com:8443/' })).toBeUndefined();
  expect(other(request)).toBeUndefined();
  nonceOf(request, answer('n2'));
  const pair = await generateKeyPair('ES256');
  expect(decodeJwt(await prove(pair, request))['nonce']).toBe('n2');
});
