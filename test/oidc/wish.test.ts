/** What is asked of the user, and whether the ID token says that it was done. */
import { describe, expect, test } from 'vitest';
import type { OidcClientOptions, SignInOptions } from '../../src/oidc/options.ts';
import { checkAcr, wishOf } from '../../src/oidc/wish.ts';

const wish = (asked: SignInOptions, options: Partial<OidcClientOptions> = {}) =>
  wishOf({ clientId: 'spa', redirectUri: 'https://app.example.com', ...options }, asked);
const challenge = (parameters: Record<string, string>) => ({ challenge: { scheme: 'Bearer', parameters } });
const raw = { prompt: 'login', max_age: '60', acr_values: 'gold', login_hint: 'alice' };

describe('what is asked for', () => {
  test('may be said in `parameters`, of the sign-in or of the client', () => {
    expect(wish({ parameters: raw }).asked).toMatchObject(raw);
    expect(wish({}, { parameters: raw }).asked).toMatchObject(raw);
    expect(wish({ parameters: { prompt: 'none' } }, { parameters: raw }).asked).toMatchObject({
      prompt: 'none',
    });
  });

  test('by an option goes before the challenge, that before `parameters`', () => {
    const parameters = { parameters: raw };
    const asked = challenge({ acr_values: 'silver', max_age: '0' });
    expect(wish({ ...parameters, ...asked }).asked).toMatchObject({
      ...raw,
      acr_values: 'silver',
      max_age: '0',
    });
    const options = { acrValues: 'bronze', maxAge: 5, prompt: 'consent', loginHint: 'bob' };
    expect(wish({ ...parameters, ...asked, ...options }).asked).toMatchObject({
      acr_values: 'bronze',
      max_age: '5',
      prompt: 'consent',
      login_hint: 'bob',
    });
  });

  test('as scope: the client’s, or that of `parameters`, and what the challenge wants', () => {
    expect(wish({}).asked['scope']).toBe('openid');
    expect(wish(challenge({ scope: 'write' }), { scope: 'openid read' }).asked['scope']).toBe(
      'openid read write',
    );
    expect(wish({ parameters: { scope: 'read' } }, { scope: 'openid' })).toMatchObject({
      asked: { scope: 'read' },
      expected: undefined,
    });
    expect(wish({}, { scope: 'my-openid openid2' }).expected).toBeUndefined();
  });

  test('0 seconds are an age; none is none', () => {
    expect(wish({ maxAge: 0 })).toMatchObject({ expected: { maxAge: 0 }, asked: { max_age: '0' } });
    expect(wish({ maxAge: '' }).expected).toEqual({ requireIdToken: true });
    expect(wish({}).expected).toEqual({ requireIdToken: true });
  });

  test.for(['soon', -1, 1.5, Number.NaN, '1e3'])('an age of %s is a TypeError that says so', (maxAge) => {
    expect(() => wish({ maxAge })).toThrow(
      new TypeError(`evertoken: max_age is ${JSON.stringify(`${maxAge}`)}; expected whole seconds`),
    );
  });
});

describe('RFC 9470 §4: the acr of a step-up', () => {
  test.for([[['gold']], [5], [{}]])('that is no text is a TypeError before anybody leaves: %j', ([given]) => {
    const message = `evertoken: acr_values is ${JSON.stringify(given)}; expected string`;
    expect(() => wish({ acrValues: given as string })).toThrow(new TypeError(message));
  });

  test('is vital where the API or the app wants it, a wish in `parameters` of one sign-in, and nothing in the client’s', () => {
    expect(wish({ acrValues: 'gold' }).acr).toEqual({ values: 'gold', isVital: true });
    expect(wish(challenge({ acr_values: 'gold' })).acr).toEqual({ values: 'gold', isVital: true });
    expect(wish({ parameters: raw }).acr).toEqual({ values: 'gold', isVital: false });
    expect(wish({}, { parameters: raw }).acr).toBeUndefined();
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
