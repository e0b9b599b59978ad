/** Encrypts a value with a key that no script can export. */

/** A key without its value opens nothing, so both are one thing: stored and replaced together. */
export interface Sealed {
  readonly key: CryptoKey;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

/** Where there is no `crypto.subtle` (plain http) the text stays as it is. */
export async function seal(text: string): Promise<Sealed | string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return text;
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text));
  return { key, iv, data };
}

/** The text; an empty one for whatever was touched since it was sealed. */
export async function unseal(value: Sealed | string): Promise<string> {
  if (typeof value === 'string') return value;
  try {
    const { key, iv, data } = value;
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, data));
  } catch {
    return '';
  }
}
