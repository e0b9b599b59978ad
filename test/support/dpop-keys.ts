/** Key pairs, and what tells them apart. */
import { calculateThumbprint, generateKeyPair as generate } from 'dpop';

export const generateKeyPair = (): Promise<CryptoKeyPair> => generate('ES256');

export const thumbprintOf = ({ pair }: { pair: CryptoKeyPair }): Promise<string> =>
  calculateThumbprint(pair.publicKey);
