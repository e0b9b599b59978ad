/** What is sealed opens under its name, unharmed, and in no other way. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Sealed, seal, unseal } from '../../src/indexeddb/seal.ts';

/** The value with one bit of these bytes turned over. */
function touch(sealed: Sealed, part: 'iv' | 'data', index: number): Sealed {
  const bytes = new Uint8Array(sealed[part].slice(0));
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return { ...sealed, [part]: part === 'iv' ? bytes : bytes.buffer };
}

describe('what is sealed', () => {
  test('opens under its name, whatever the name and the text', async () => {
    const names = fc.string({ unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(names, fc.json(), async (name, text) => {
        expect(await unseal(name, await seal(name, text))).toBe(text);
      }),
    );
  });

  test('opens under no other name', async () => {
    const sealed = await seal('evertoken', 'text');
    for (const name of ['', 'Evertoken', 'evertoken ', 'evertoke']) {
      expect(await unseal(name, sealed)).toBeUndefined();
    }
  });

  test('does not open once a single bit of it is another', async () => {
    const sealed = await seal('a', 'text');
    const touched = [
      ...Array.from(sealed.iv, (_byte, index) => touch(sealed, 'iv', index)),
      ...Array.from(new Uint8Array(sealed.data), (_byte, index) => touch(sealed, 'data', index)),
    ];
    expect(touched).toHaveLength(12 + 4 + 16);
    for (const value of touched) expect(await unseal('a', value)).toBeUndefined();
    expect(await unseal('a', sealed)).toBe('text');
  });

  test('does not open with the key of another text, nor cut short', async () => {
    const [one, two] = [await seal('a', 'one'), await seal('a', 'two')];
    expect(await unseal('a', { ...one, key: two.key })).toBeUndefined();
    expect(await unseal('a', { ...one, data: one.data.slice(0, -1) })).toBeUndefined();
    expect(await unseal('a', { ...one, data: new ArrayBuffer(0) })).toBeUndefined();
  });

  test('has a key and an IV of its own each time, so the same text never looks the same', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => seal('a', 'text')));
    expect(new Set(all.map(({ iv }) => `${iv}`)).size).toBe(50);
    expect(new Set(all.map(({ data }) => `${new Uint8Array(data)}`)).size).toBe(50);
    expect(await unseal('a', { ...all[0], key: all[1]?.key })).toBeUndefined();
    expect(all.map(({ iv }) => iv.length)).toEqual(all.map(() => 12));
  });

  test('has a key of 256 bits that cannot be exported', async () => {
    const { key } = await seal('a', 'text');
    expect(key).toMatchObject({ extractable: false, algorithm: { name: 'AES-GCM', length: 256 } });
    for (const format of ['raw', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow();
    }
  });
});

test.each([
  undefined,
  null,
  'text',
  7,
  [],
  {},
  { key: {}, iv: new Uint8Array(12), data: new ArrayBuffer(20) },
])('a foreign value is nothing: %o', async (value) => {
  expect(await unseal('a', value)).toBeUndefined();
});
