/** Encrypts a record with a key that no script can export. */

/** A key without its record opens nothing, so both are one value: stored, replaced and removed together. */
export interface Sealed {
  readonly key: CryptoKey;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

const encode = (text: string) => new TextEncoder().encode(text);

/** What is sealed under one name does not open under another. */
const cipher = (name: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: encode(name),
});

export async function seal(name: string, text: string): Promise<Sealed> {
  const { subtle } = crypto;
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { key, iv, data: await subtle.encrypt(cipher(name, iv), key, encode(text)) };
}

/** The text, or `undefined` for whatever was not sealed under this name, or has been touched since. */
export async function unseal(name: string, value: unknown): Promise<string | undefined> {
  try {
    const { key, iv, data } = value as Sealed;
    return new TextDecoder().decode(await crypto.subtle.decrypt(cipher(name, iv), key, data));
  } catch {
    return undefined;
  }
}
