/** Which answers of a resource server ask for a nonce (RFC 9449 §9). */
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { generateKeyPair } from '../../src/dpop/proof.ts';
import { createResourceRequests } from '../../src/dpop/resource-requests.ts';

const pair = await generateKeyPair('ES256');
const create = () => createResourceRequests(async () => ({ pair }));
const toApi = () => ({
  method: 'GET',
  url: 'https://api.example.com/me',
  tokens: { accessToken: 'secret-access', tokenType: 'DPoP' },
});
const refusal = (headers: Record<string, string>) => new Response(null, { status: 401, headers });

test('a request carries the token with the scheme DPoP, and a proof', async () => {
  const { headers, tokenTypes } = create();
  const { authorization, DPoP } = await headers(toApi());
  expect(authorization).toBe('DPoP secret-access');
  expect(decodeJwt(`${DPoP}`)).toMatchObject({ htm: 'GET', htu: 'https://api.example.com/me' });
  expect(tokenTypes).toEqual(['dpop']);
});

describe('R20, R27: a challenge that can be read', () => {
  test.for([
    ['DPoP error="use_dpop_nonce"', 'retry'],
    [
      'Bearer realm="x", DPoP algs="ES256 PS256", error = "use_dpop_nonce", error_description="a, b"',
      'retry',
    ],
    ['dpop  Error="use_dpop_nonce"', 'retry'],
    ['DPoP algs="ES256", error=use_dpop_nonce', 'retry'],
    ['DPoP error=use_dpop_nonce, algs="ES256"', 'retry'],
    ['DPoP error=use_dpop_nonce_not', undefined],
    ['DPoP error="invalid_token"', undefined],
    ['DPoP error="invalid_token", error_description="not error=\\"use_dpop_nonce\\""', undefined],
    ['DPoP error="use_dpop_nonce_not"', undefined],
    ['Bearer error="use_dpop_nonce"', undefined],
  ] as const)('%s: %s', ([challenge, expected]) => {
    const { onResponse } = create();
    const answer = refusal({ 'www-authenticate': challenge, 'dpop-nonce': 'n1' });
    expect(onResponse(answer, toApi())).toBe(expected);
  });

  test('R20: a long one is read in linear time', () => {
    const challenge = 'dpop error '.repeat(200_000);
    expect(create().onResponse(refusal({ 'www-authenticate': challenge }), toApi())).toBeUndefined();
  });

  test('other statuses ask for nothing, but bring the next nonce', async () => {
    const { headers, onResponse } = create();
    const answer = new Response(null, {
      status: 403,
      headers: { 'dpop-nonce': 'n1', 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
    });
    expect(onResponse(answer, toApi())).toBeUndefined();
    expect(decodeJwt(`${(await headers(toApi()))['DPoP']}`)['nonce']).toBe('n1');
  });
});

describe('R27: a challenge that CORS hides', () => {
  test('a nonce that the request did not have is asked for, by as many requests as were sent without it', async () => {
    const { headers, onResponse } = create();
    const requests = [toApi(), toApi()];
    for (const request of requests) await headers(request);
    for (const request of requests)
      expect(onResponse(refusal({ 'dpop-nonce': 'n1' }), request)).toBe('retry');
  });

  test('only once for a request, even when every answer brings another nonce: then the token is refused', async () => {
    const { headers, onResponse } = create();
    const request = toApi();
    await headers(request);
    expect(onResponse(refusal({ 'dpop-nonce': 'n1' }), request)).toBe('retry');
    await headers(request);
    expect(onResponse(refusal({ 'dpop-nonce': 'n2' }), request)).toBeUndefined();
  });

  test('without a nonce, or with the one that was sent, it is the token that is refused', async () => {
    const { headers, onResponse } = create();
    const request = toApi();
    await headers(request);
    expect(onResponse(refusal({}), request)).toBeUndefined();
    onResponse(refusal({ 'dpop-nonce': 'n1' }), toApi());
    const next = toApi();
    await headers(next);
    expect(onResponse(refusal({ 'dpop-nonce': 'n1' }), next)).toBeUndefined();
  });
});
