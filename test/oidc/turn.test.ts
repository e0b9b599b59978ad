/** Who deals with a sign-in. */
import { expect, test, vi } from 'vitest';
import { inTurn } from '../../src/oidc/turn.ts';

const say = (word: string) => async () => word;

test('one at a time for a state; who comes then is told that somebody is at it', async () => {
  const held = Promise.withResolvers<string>();
  const first = inTurn('one', () => held.promise, say('busy'));
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('busy');
  expect(await inTurn('other', say('alone'), say('busy'))).toBe('alone');
  held.resolve('done');
  expect(await first).toBe('done');
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('alone');
});

test('a failure is handed on, and ends the turn', async () => {
  const failing = () => Promise.reject(new Error('failed'));
  await expect(inTurn('one', failing, say('busy'))).rejects.toThrow('failed');
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('alone');
});

test.for([
  ['are missing', {}],
  ['refuse', { locks: { request: () => Promise.reject(new DOMException('sandboxed', 'SecurityError')) } }],
])('R57: where Web Locks %s nobody knows of other contexts, and it goes on', async ([, navigator]) => {
  vi.stubGlobal('navigator', navigator);
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('alone');
  expect(await inTurn('one', say('alone'), say('busy'), say('unknown'))).toBe('unknown');
  // Of this context it knows (Node 22, React Native).
  const held = Promise.withResolvers<string>();
  const first = inTurn('one', () => held.promise, say('busy'));
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('busy');
  held.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  expect(await inTurn('one', say('alone'), say('busy'))).toBe('alone');
});
