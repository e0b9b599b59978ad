/** Authorization codes of the test server (RFC 6749 §4.1, RFC 7636). */
import { expect, test } from 'vitest';
import { createCodes } from '../../src/testing/codes.ts';
import { challengeOf } from '../../src/testing/signer.ts';

const codes = createCodes({ issuer: 'https://as.example.com' });
const redirect_uri = 'https://app.example.com/callback?x=1';

async function ask(more: Record<string, string> = {}) {
  const code_challenge = await challengeOf('verifier');
  const pkce = { code_challenge, code_challenge_method: 'S256' };
  const asked = { response_type: 'code', client_id: 'spa', redirect_uri, state: 's', ...pkce, ...more };
  const { status, headers } = codes.authorize(
    `https://as.example.com/authorize?${new URLSearchParams(asked)}`,
  );
  return { status, back: Object.fromEntries(new URL(headers.get('location') ?? 'about:blank').searchParams) };
}

const form = (code = '') => ({ code, redirect_uri, client_id: 'spa', code_verifier: 'verifier' });

test('the user comes back at once with code, state and issuer; the code is good once', async () => {
  const { status, back } = await ask({ login_hint: 'ann', nonce: 'n', scope: 'openid' });
  expect([status, back]).toEqual([
    302,
    { x: '1', state: 's', iss: 'https://as.example.com', code: back['code'] },
  ]);
  const grant = await codes.exchange(form(back['code']));
  expect(grant).toEqual({ subject: 'ann', clientId: 'spa', scope: 'openid', nonce: 'n' });
  expect(await codes.exchange(form(back['code']))).toBeUndefined();
});

test.for([
  ['code', 'other'],
  ['redirect_uri', 'https://app.example.com/other'],
  ['client_id', 'other'],
  ['code_verifier', 'other'],
] as const)('another %s: no grant', async ([name, value]) => {
  const { back } = await ask();
  expect(await codes.exchange({ ...form(back['code']), [name]: value })).toBeUndefined();
});

test('without PKCE the user comes back with an error, and without a place to come back to they do not', async () => {
  expect((await ask({ code_challenge_method: 'plain' })).back).toMatchObject({
    error: 'invalid_request',
    state: 's',
  });
  for (const redirect_uri of ['', 'callback', '//']) expect((await ask({ redirect_uri })).status).toBe(400);
});
