/** Encrypts what a store keeps, with a key of the user's, for stores that leave the machine or the profile (R58). */
import { kindOf, refuse } from '../check.ts';
import type { EncryptionKey, StoreEntry, StorePort } from '../types.ts';
import { said } from './besides.ts';

/** What stands in the place of the text: to whoever has no key for it the entry is another one's, not damaged. */
interface SealedText {
  readonly format: 'sealed';
  /** Nonce and ciphertext, base64. */
  readonly data: string;
}

const algorithm = 'AES-GCM';

/** Twelve bytes, as AES-GCM wants it (NIST SP 800-38D §8.2). */
const nonceLength = 12;

const isBytes = (key: EncryptionKey): key is Uint8Array => ArrayBuffer.isView(key);

/** @throws TypeError that names the key and says nothing of its bytes. */
function checkKey(name: string, key: EncryptionKey): void {
  const expected = '32 bytes (Uint8Array), or a CryptoKey for AES-GCM that may encrypt and decrypt';
  if (kindOf(key) !== 'object') refuse(name, key, expected);
  if (isBytes(key)) {
    if (!(key instanceof Uint8Array) || key.length !== 32)
      throw new TypeError(`evertoken: ${name} has ${key.byteLength} bytes; expected ${expected}`);
  } else if (
    key.algorithm?.name !== algorithm ||
    !['encrypt', 'decrypt'].every((use) => key.usages?.includes(use))
  )
    throw new TypeError(`evertoken: ${name} is another kind of key; expected ${expected}`);
}

const toCryptoKey = async (key: EncryptionKey): Promise<CryptoKey> =>
  isBytes(key)
    ? crypto.subtle.importKey('raw', key as Uint8Array<ArrayBuffer>, algorithm, false, ['encrypt', 'decrypt'])
    : (key as CryptoKey);

/** The sealed bytes, where the text says that it is sealed. */
function sealedIn(text: string): Uint8Array | undefined {
  try {
    const { format, data } = JSON.parse(text) as SealedText;
    return format === 'sealed' ? Buffer.from(data, 'base64') : undefined;
  } catch {
    return undefined;
  }
}

/** The port, with values that only these keys open. */
class Encrypted implements StorePort {
  readonly contexts: StorePort['contexts'];
  readonly whenDown: StorePort['whenDown'];
  readonly forgets: StorePort['forgets'];
  readonly watch: StorePort['watch'];
  readonly lock: StorePort['lock'];
  readonly #port: StorePort;
  readonly #place: string;
  /** Imported at the first use. */
  #keys: readonly EncryptionKey[] | Promise<CryptoKey[]>;

  constructor(port: StorePort, place: string, keys: readonly EncryptionKey[]) {
    this.contexts = said(port, 'contexts');
    this.whenDown = said(port, 'whenDown');
    this.forgets = said(port, 'forgets');
    this.watch = said(port, 'watch')?.bind(port);
    this.lock = said(port, 'lock')?.bind(port);
    this.#port = port;
    this.#place = place;
    this.#keys = keys;
  }

  async read(): Promise<StoreEntry | undefined> {
    const entry = await this.#port.read();
    return entry && { ...entry, value: await this.#open(entry.value) };
  }

  async replace(version: string | undefined, next: StoreEntry, quiet?: boolean): Promise<boolean> {
    const sealed: StoreEntry = { ...next, value: await this.#seal(next.value) };
    return this.#port.replace(version, sealed, quiet);
  }

  #all(): Promise<CryptoKey[]> {
    if (!('then' in this.#keys)) this.#keys = Promise.all(this.#keys.map(toCryptoKey));
    return this.#keys;
  }

  #how(iv: Uint8Array<ArrayBuffer>) {
    return { name: algorithm, iv, additionalData: new TextEncoder().encode(this.#place) };
  }

  async #seal(text: string): Promise<string> {
    const [key] = (await this.#all()) as [CryptoKey];
    const iv = crypto.getRandomValues(new Uint8Array(nonceLength));
    const sealed = await crypto.subtle.encrypt(this.#how(iv), key, new TextEncoder().encode(text));
    const data = Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64');
    return JSON.stringify({ format: 'sealed', data } satisfies SealedText);
  }

  async #open(text: string): Promise<string> {
    const sealed = sealedIn(text);
    if (!sealed) return text;
    const iv = new Uint8Array(sealed.subarray(0, nonceLength));
    const data = new Uint8Array(sealed.subarray(nonceLength));
    for (const key of await this.#all()) {
      try {
        return new TextDecoder().decode(await crypto.subtle.decrypt(this.#how(iv), key, data));
      } catch {} // of another key
    }
    return text;
  }
}

/**
 * Encrypts what a port keeps. A value that none of the keys opens is handed on as it is: it is reported and left alone
 * until an explicit sign-in or sign-out. One in plain text is read, and sealed when it is replaced.
 *
 * @param place - Which entry it is: a value that is moved to another place does not open there.
 * @param encryptionKey - The first one writes; all read.
 * @throws TypeError for a key of another kind or length.
 */
export function encrypted(
  port: StorePort,
  place: string,
  encryptionKey: EncryptionKey | readonly EncryptionKey[],
): StorePort {
  const given = Array.isArray(encryptionKey) ? encryptionKey : [encryptionKey];
  if (!given.length) refuse('encryptionKey', '', 'at least one key');
  given.forEach((key, index) => {
    checkKey(given === encryptionKey ? `encryptionKey[${index}]` : 'encryptionKey', key);
  });
  // Its owner may overwrite the bytes.
  const own = given.map((key) => (isBytes(key) ? new Uint8Array(key) : key));
  return new Encrypted(port, place, own);
}
