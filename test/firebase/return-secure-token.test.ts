import { describe, expect, test } from 'vitest';
import { returnSecureToken } from '../../src/firebase/return-secure-token.ts';

describe('returnSecureToken', () => {
  test('adds the flag to the JSON body, and keeps all other fields and members', () => {
    const { signal } = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ idToken: 'id', password: 'p', returnSecureToken: false });
    const init = { method: 'POST', headers, signal, body, dispatcher: 'own' };
    const asked = returnSecureToken(init);
    expect(JSON.parse(asked.body)).toEqual({ idToken: 'id', password: 'p', returnSecureToken: true });
    expect(asked).toEqual({ ...init, body: asked.body });
    expect(asked.signal).toBe(signal);
    expect(asked.headers).toBe(headers);
  });

  test("R4: never writes into the caller's object", () => {
    const init = Object.freeze({ method: 'POST', body: '{}' });
    expect(returnSecureToken(init)).toEqual({ method: 'POST', body: '{"returnSecureToken":true}' });
    expect(init).toEqual({ method: 'POST', body: '{}' });
  });

  test('takes JSON with white space before it', () => {
    expect(returnSecureToken({ body: '\n  {"a":1}' }).body).toBe('{"a":1,"returnSecureToken":true}');
  });

  test.each<[string, BodyInit | null | undefined, string]>([
    ['none', undefined, 'undefined'],
    ['null', null, 'object'],
    ['a form', new URLSearchParams({ password: 'secret' }), 'object'],
    ['a blob', new Blob(['{}']), 'object'],
    ['text that is no JSON', '{ password: secret }', 'string'],
    ['a JSON array', '[{ "password": "secret" }]', 'string'],
    ['a JSON text', '"secret"', 'string'],
    ['nothing', '', 'empty'],
  ])('refuses a body that is no JSON object, R70: and quotes nothing of it: %s', (_what, body, kind) => {
    const error = new TypeError(`evertoken: init.body is ${kind}; expected the JSON text of an object`);
    expect(() => returnSecureToken(body === undefined ? {} : { body })).toThrow(error);
  });

  test('and what is no `init`', () => {
    for (const init of [null, undefined])
      expect(() => returnSecureToken(init as never)).toThrow('evertoken: init.body is undefined; expected');
  });
});
