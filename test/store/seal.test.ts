/** What is sealed opens unharmed, and in no other way. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type Sealed, seal, unseal } from '../../src/store/seal.ts';

/** The value with one bit of these bytes turned over. */
function touch(sealed: Sealed, part: 'iv' | 'data', index: number): Sealed {
  const bytes = new Uint8Array(sealed[part].slice(0));
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return { ...sealed, [part]: part === 'iv' ? bytes : bytes.buffer };
}

const sealedOf = async (text: string) => (await seal(text)) as Sealed;

describe('what is sealed', () => {
  test('opens as it was, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        expect(await unseal(await seal(text))).toBe(text);
      }),
    );
  });

  test('shows nothing of the text', async () => {
    const { data } = await sealedOf('access-a access-a access-a');
    expect(new TextDecoder('latin1').decode(data)).not.toContain('access');
  });

  test('does not open once a single bit of it is another', async () => {
    const sealed = await sealedOf('text');
    const touched = [
      ...Array.from(sealed.iv, (_byte, index) => touch(sealed, 'iv', index)),
      ...Array.from(new Uint8Array(sealed.data), (_byte, index) => touch(sealed, 'data', index)),
    ];
    expect(touched).toHaveLength(12 + 4 + 16);
    for (const value of touched) expect(await unseal(value)).toBe('');
    expect(await unseal(sealed)).toBe('text');
  });

  test('does not open with the key of another text, nor cut short', async () => {
    const [one, two] = [await sealedOf('one'), await sealedOf('two')];
    expect(await unseal({ ...one, key: two.key })).toBe('');
    expect(await unseal({ ...one, data: one.data.slice(0, -1) })).toBe('');
    expect(await unseal({ ...one, data: new ArrayBuffer(0) })).toBe('');
  });

  test('has a key and an IV of its own each time, so the same text never looks the same', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => sealedOf('text')));
    expect(new Set(all.map(({ iv }) => `${iv}`)).size).toBe(50);
    expect(new Set(all.map(({ data }) => `${new Uint8Array(data)}`)).size).toBe(50);
    expect(new Set(all.map(({ key }) => key)).size).toBe(50);
  });

  test('R56: has a key of 256 bits that no script can export', async () => {
    const { key } = await sealedOf('text');
    expect(key).toMatchObject({ extractable: false, algorithm: { name: 'AES-GCM', length: 256 } });
    for (const format of ['raw', 'jwk'] as const) {
      await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow();
    }
  });
});

test.each([undefined, null, 7, [], {}, { key: {}, iv: new Uint8Array(12), data: new ArrayBuffer(20) }])(
  'R53: a foreign value opens as nothing: %o',
  async (value) => {
    expect(await unseal(value as unknown as Sealed)).toBe('');
  },
);

describe('R57: on plain http, where there is no `crypto.subtle`,', () => {
  test('a text stays as it is', async () => {
    vi.stubGlobal('crypto', {});
    expect(await seal('text')).toBe('text');
    expect(await unseal('text')).toBe('text');
  });

  test('what was sealed elsewhere opens as nothing', async () => {
    const sealed = await seal('text');
    vi.stubGlobal('crypto', {});
    expect(await unseal(sealed)).toBe('');
  });

  test('nothing is sealed where there is no `crypto` at all', async () => {
    vi.stubGlobal('crypto', undefined);
    expect(await seal('text')).toBe('text');
  });
});
