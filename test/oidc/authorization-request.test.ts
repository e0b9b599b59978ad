/** What is asked of the user, and whether the ID token says that it was done. */
import { describe, expect, test } from 'vitest';
import { authorizationRequestOf, checkAcr } from '../../src/oidc/authorization-request.ts';
import type { OidcClientOptions, SignInOptions } from '../../src/oidc/options.ts';

const requestOf = (asked: SignInOptions, options: Partial<OidcClientOptions> = {}) =>
  authorizationRequestOf({ clientId: 'spa', redirectUri: 'https://app.example.com', ...options }, asked);
const challenge = (parameters: Record<string, string>) => ({ challenge: { scheme: 'Bearer', parameters } });
const raw = { prompt: 'login', max_age: '60', acr_values: 'gold', login_hint: 'alice' };

describe('what is asked for', () => {
  test('may be said in `parameters`, of the sign-in or of the client', () => {
    expect(requestOf({ parameters: raw }).asked).toMatchObject(raw);
    expect(requestOf({}, { parameters: raw }).asked).toMatchObject(raw);
    expect(requestOf({ parameters: { prompt: 'none' } }, { parameters: raw }).asked).toMatchObject({
      prompt: 'none',
    });
  });

  test('by an option goes before the challenge, that before `parameters`', () => {
    const parameters = { parameters: raw };
    const asked = challenge({ acr_values: 'silver', max_age: '0' });
    expect(requestOf({ ...parameters, ...asked }).asked).toMatchObject({
      ...raw,
      acr_values: 'silver',
      max_age: '0',
    });
    const options = { acrValues: 'bronze', maxAge: 5, prompt: 'consent', loginHint: 'bob' };
    expect(requestOf({ ...parameters, ...asked, ...options }).asked).toMatchObject({
      acr_values: 'bronze',
      max_age: '5',
      prompt: 'consent',
      login_hint: 'bob',
    });
  });

  test('as scope: the client’s, or that of `parameters`, and what the challenge wants', () => {
    expect(requestOf({}).asked['scope']).toBe('openid');
    expect(requestOf(challenge({ scope: 'write' }), { scope: 'openid read' }).asked['scope']).toBe(
      'openid read write',
    );
    expect(requestOf({ parameters: { scope: 'read' } }, { scope: 'openid' })).toMatchObject({
      asked: { scope: 'read' },
      expected: undefined,
    });
    expect(requestOf({}, { scope: 'my-openid openid2' }).expected).toBeUndefined();
  });

  test('0 seconds are an age; none is none', () => {
    expect(requestOf({ maxAge: 0 })).toMatchObject({ expected: { maxAge: 0 }, asked: { max_age: '0' } });
    expect(requestOf({ maxAge: '' }).expected).toEqual({ requireIdToken: true });
    expect(requestOf({}).expected).toEqual({ requireIdToken: true });
  });

  test.for(['soon', -1, 1.5, Number.NaN, '1e3'])('an age of %s is a TypeError that says so', (maxAge) => {
    expect(() => requestOf({ maxAge })).toThrow(
      new TypeError(`evertoken: max_age is ${JSON.stringify(`${maxAge}`)}; expected whole seconds`),
    );
  });
});

describe('RFC 9470 §4: the acr of a step-up', () => {
  test.for([[['gold']], [5], [{}]])('that is no text is a TypeError before anybody leaves: %j', ([given]) => {
    const message = `evertoken: acr_values is ${JSON.stringify(given)}; expected string`;
    expect(() => requestOf({ acrValues: given as string })).toThrow(new TypeError(message));
  });

  test('is vital where the API or the app wants it, a wish in `parameters` of one sign-in, and nothing in the client’s', () => {
    expect(requestOf({ acrValues: 'gold' }).acr).toEqual({ values: 'gold', isVital: true });
    expect(requestOf(challenge({ acr_values: 'gold' })).acr).toEqual({ values: 'gold', isVital: true });
    expect(requestOf({ parameters: raw }).acr).toEqual({ values: 'gold', isVital: false });
    expect(requestOf({}, { parameters: raw }).acr).toBeUndefined();
  });

  test.for([
    ['one of those asked for', 'silver', true, true],
    ['another', 'bronze', true, false],
    ['a part of one', 'sil', true, false],
    ['an empty one', '', true, false],
    ['no text', ['gold', 'silver'], true, false],
    ['none, where it is vital', undefined, true, false],
    ['none, where it is a wish', undefined, false, true],
    ['another, where it is a wish', 'bronze', false, false],
  ] as const)('%s', ([, acr, isVital, isGood]) => {
    const check = () => checkAcr({ values: 'gold silver', isVital }, acr === undefined ? {} : { acr });
    if (isGood) expect(check).not.toThrow();
    else
      expect(check).toThrow(
        expect.objectContaining({
          code: 'invalid-id-token',
          message: 'invalid id token: its acr is none of those asked for: gold silver',
        }),
      );
  });
});
