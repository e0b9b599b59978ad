/** A store whose values only the user's keys open. */

import { describeStore } from 'evertoken/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTokenManager, type EncryptionKey, type TokenEvents, tokenStore } from '../../src/index.ts';
import { encrypted } from '../../src/store/encrypted.ts';
import { createMemory } from '../../src/store/memory-store.ts';
import { runner } from './parts.ts';

const bytes = (fill: number) => new Uint8Array(32).fill(fill);
const [old, current] = [bytes(1), bytes(2)];

const cryptoKey = (extractable = false, usages: KeyUsage[] = ['encrypt', 'decrypt']) =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, extractable, usages);

describe('R58: an encrypted store', () => {
  test('opens as it was, whatever the text', async () => {
    const port = encrypted(createMemory(), 'tool', old);
    let version: string | undefined;
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (value) => {
        const next = { version: `${Number(version ?? 0) + 1}`, value };
        expect(await port.replace(version, next)).toBe(true);
        version = next.version;
        expect(await port.read()).toEqual(next);
      }),
    );
  });

  test('shows nothing of the text below, and the same text never looks the same', async () => {
    const memory = createMemory();
    const port = encrypted(memory, 'tool', old);
    await port.replace(undefined, { version: '1', value: 'refresh-a refresh-a' });
    const first = (await memory.read())?.value ?? '';
    await port.replace('1', { version: '2', value: 'refresh-a refresh-a' });
    const second = (await memory.read())?.value ?? '';
    const { data } = JSON.parse(first);
    expect(first + atob(data)).not.toContain('refresh');
    expect(second).not.toBe(first);
  });

  test('the first key writes, all read: keys are changed without a sign-out', async () => {
    const memory = createMemory();
    await encrypted(memory, 'tool', [old]).replace(undefined, { version: '1', value: 'text' });
    const both = encrypted(memory, 'tool', [current, old]);
    expect((await both.read())?.value).toBe('text');
    await both.replace('1', { version: '2', value: 'next' });
    expect((await encrypted(memory, 'tool', current).read())?.value).toBe('next');
    expect((await encrypted(memory, 'tool', old).read())?.value).not.toBe('next');
  });

  test('a CryptoKey does as well, one that nobody can export, too', async () => {
    const memory = createMemory();
    const port = encrypted(memory, 'tool', await cryptoKey());
    await port.replace(undefined, { version: '1', value: 'text' });
    expect((await port.read())?.value).toBe('text');
    expect((await memory.read())?.value).not.toContain('text');
  });

  test('what was written before there was a key is read, and sealed when it is replaced', async () => {
    const memory = createMemory();
    await memory.replace(undefined, { version: '1', value: '{"plain":true}' });
    const port = encrypted(memory, 'tool', old);
    expect((await port.read())?.value).toBe('{"plain":true}');
    await port.replace('1', { version: '2', value: '{"plain":true}' });
    expect((await memory.read())?.value).toContain('"format":"sealed"');
  });

  test('an entry that was moved to another name, or touched, does not open', async () => {
    const memory = createMemory();
    await encrypted(memory, 'tenant-a', old).replace(undefined, { version: '1', value: 'text' });
    const sealed = (await memory.read())?.value ?? '';
    expect((await encrypted(memory, 'tenant-b', old).read())?.value).toBe(sealed);
    const touched = { version: '2', value: sealed.replace(/.{4}"}$/, 'AAAA"}') };
    await memory.replace('1', touched);
    expect((await encrypted(memory, 'tenant-a', old).read())?.value).toBe(touched.value);
  });

  test('a key that is changed by its owner after creation is none of ours', async () => {
    const key = bytes(3);
    const memory = createMemory();
    const port = encrypted(memory, 'tool', key);
    await port.replace(undefined, { version: '1', value: 'text' });
    key.fill(4);
    await port.replace('1', { version: '2', value: 'next' });
    expect((await encrypted(memory, 'tool', bytes(3)).read())?.value).toBe('next');
  });
});

describe.each([
  ['with another key', current],
  ['without a key', undefined],
])('R53: a session that was sealed, met %s,', (_how, key) => {
  async function meet() {
    const memory = createMemory();
    const as = async () => ({ access_token: 'a2', refresh_token: 'r2' });
    const manage = (encryptionKey?: EncryptionKey) =>
      createTokenManager({
        refresh: as,
        allow: 'https://api.example.com',
        store: tokenStore(encryptionKey ? encrypted(memory, 'tool', encryptionKey) : memory),
      });
    const first = manage(old);
    await first.signIn({ access_token: 'a1', refresh_token: 'r1', expires_in: 3600 });
    const before = await memory.read();
    const failures: TokenEvents['store-failed'][] = [];
    const second = manage(key);
    second.on('store-failed', (failure) => failures.push(failure));
    await second.ready;
    return { memory, before, first, second, failures };
  }

  test('is reported and left alone', async () => {
    const { memory, before, second, failures } = await meet();
    expect(second.status).toBe('signed-out');
    await expect.poll(() => failures).toHaveLength(1);
    expect(failures[0]?.error.message).toMatch(/sealed with another key/);
    await expect(second.refresh()).rejects.toMatchObject({ name: 'TokenError' });
    expect(await memory.read()).toEqual(before);
  });

  test('is replaced by an explicit sign-in', async () => {
    const { memory, second } = await meet();
    await second.signIn({ access_token: 'another-token', refresh_token: 's1' });
    expect((await memory.read())?.value.includes('another-token')).toBe(!key);
    const again = createTokenManager({
      refresh: async () => ({ access_token: 'b2' }),
      allow: 'https://api.example.com',
      store: tokenStore(key ? encrypted(memory, 'tool', key) : memory),
    });
    expect(await again.getAccessToken()).toBe('another-token');
  });
});

test.each([
  ['16 bytes', new Uint8Array(16), 'encryptionKey has 16 bytes; expected 32 bytes'],
  ['another view', new Uint16Array(16), 'encryptionKey has 32 bytes; expected 32 bytes (Uint8Array)'],
  ['a text', 'secret-of-32-bytes-in-plain-text', 'encryptionKey is string; expected 32 bytes'],
  ['nothing', undefined, 'encryptionKey is undefined; expected 32 bytes'],
  ['no key at all', [], 'encryptionKey is empty; expected at least one key'],
  ['a list with a gap', [old, null], 'encryptionKey[1] is null; expected 32 bytes'],
])('an encryptionKey that is %s is refused by name, and not shown', (_what, key, message) => {
  const create = () => encrypted(createMemory(), 'tool', key as EncryptionKey);
  expect(create).toThrow(TypeError);
  expect(create).toThrow(`evertoken: ${message}`);
  expect(create).not.toThrow(/secret-of/);
});

test('a CryptoKey that may not write is refused by name', async () => {
  const key = await cryptoKey(false, ['decrypt']);
  expect(() => encrypted(createMemory(), 'tool', key)).toThrow(
    /^evertoken: encryptionKey is another kind of key/,
  );
});

let memory = createMemory();
describeStore(
  'R59: a store that encrypts',
  {
    says: { contexts: 'one' },
    open: () => encrypted(memory, 'tool', old),
    reset() {
      memory = createMemory();
    },
  },
  runner,
);
