import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { summaryOf } from '../src/summary.ts';

const token = 's3cr3t-"token"/+';

describe('R70: what is told of something thrown', () => {
  test('is its name, message, code, status and OAuth error, in an error made anew', () => {
    const thrown = Object.assign(new TypeError('no such table'), {
      ...{ code: 'E42', status: 500, error: 'server_error' },
      request: { headers: { authorization: token } },
      cause: new Error(token),
    });
    const summary = summaryOf(thrown, [token]);
    expect(summary).not.toBe(thrown);
    expect(summary).toBeInstanceOf(Error);
    expect([summary.name, summary.message]).toEqual(['TypeError', 'no such table']);
    expect({ ...summary }).toEqual({ name: 'TypeError', code: 'E42', status: 500, error: 'server_error' });
    expect(inspect(summary, { showHidden: true, depth: 9 })).not.toContain('s3cr3t');
  });

  test.each([
    ['plain', token],
    ['in JSON', JSON.stringify({ token })],
    ['percent-encoded', `token=${encodeURIComponent(token)}`],
    ['percent-encoded twice', `to=${encodeURIComponent(`?token=${encodeURIComponent(token)}`)}`],
    ['in base64url', btoa(`??>${token}`).replaceAll('/', '_').replaceAll('+', '-').replace(/=*$/, '')],
    ...['', 'a', 'ab'].map((before) => [
      `in base64, ${before.length} bytes from its beginning`,
      btoa(`${before}${token}:and more`),
    ]),
  ])('has no text that holds a token, %s', (_how, text) => {
    const summary = summaryOf(new Error(`refused: ${text}`), [undefined, 'another token', token]);
    expect(summary.message).toBe('failed, with a message that is not shown');
    const { code, status } = summaryOf({ code: text, status: 400 }, [token]) as Error &
      Record<string, unknown>;
    expect([code, status]).toEqual([undefined, 400]);
  });

  test('is its own text where it is no object', () => {
    expect(summaryOf('quota exceeded', []).message).toBe('quota exceeded');
    expect(summaryOf(7, []).message).toBe('7');
    expect(summaryOf(undefined, []).message).toMatch(/not shown/);
  });

  test('is what can be had of it: members may throw, or be no texts', () => {
    const hostile = {
      get message() {
        throw new Error(token);
      },
      code: { toString: () => token },
      name: 'QuotaExceededError',
    };
    const summary = summaryOf(hostile, [token]);
    expect([summary.name, summary.message, { ...summary }]).toEqual([
      'QuotaExceededError',
      expect.stringMatching(/not shown/),
      { name: 'QuotaExceededError' },
    ]);
  });

  test('does not depend on tokens that are hardly any: a text of three letters is in many messages', () => {
    expect(summaryOf(new Error('abc'), ['abc', '']).message).toBe('abc');
  });
});

test.each([
  ['plain', (text: string) => text],
  ['in JSON', (text: string) => JSON.stringify({ text })],
  ['percent-encoded', encodeURIComponent],
  ['percent-encoded twice', (text: string) => encodeURIComponent(encodeURIComponent(text))],
  ['in base64', btoa],
])('R70: a token that has escapes in itself is found, %s', (_how, write) => {
  const own = String.raw`abc%2Fd+ef\u0041g/h%3D`;
  expect(summaryOf(new Error(`of ${write(own)}.`), [own]).message).toMatch(/not shown/);
});

test('R70: a token behind what begins like an escape is found', () => {
  for (const text of ['100%abcdef-token', String.raw`\uabcdef-token`])
    expect(summaryOf(new Error(text), ['abcdef-token']).message).toMatch(/not shown/);
});

test('R14: a token that is no Latin-1 is looked for all the same', () => {
  expect(summaryOf(new Error('tokén–x'), ['tokén–x']).message).toMatch(/not shown/);
});

test('R70: what is no text of Unicode harms nobody, thrown or known', () => {
  expect(summaryOf(Symbol('odd'), ['\ud800-token']).message).toBe('Symbol(odd)');
  expect(summaryOf(new Error('about \ud800-token'), ['\ud800-token']).message).not.toContain('token');
});
