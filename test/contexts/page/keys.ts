/** Looks at the keys of evertoken/dpop, as any script of the page can. */

/** What a script finds out about a key. */
export interface SeenKey {
  readonly isExtractable: boolean;
  /** How an export of the private key ends. */
  readonly exported: string;
  /** Tells keys apart. */
  readonly x: string | undefined;
}

async function look({ privateKey, publicKey }: CryptoKeyPair): Promise<SeenKey> {
  const exported = await crypto.subtle.exportKey('jwk', privateKey).then(
    () => 'done',
    (error: Error) => error.name,
  );
  const { x } = await crypto.subtle.exportKey('jwk', publicKey);
  return { isExtractable: privateKey.extractable, exported, x };
}

export async function readKeys(name: string): Promise<SeenKey[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('evertoken-dpop', 1);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const keys = await new Promise<{ pair: CryptoKeyPair }[]>((resolve, reject) => {
    const reading = database.transaction('keys').objectStore('keys').get(name);
    reading.onsuccess = () => resolve(reading.result ?? []);
    reading.onerror = () => reject(reading.error);
  });
  database.close();
  return Promise.all(keys.map(({ pair }) => look(pair)));
}
