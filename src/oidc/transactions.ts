/** Keeps what the sign-ins under way have to be compared with, one entry each, so that none disturbs another. */

import { ownMembers } from '../own.ts';
import { attempt } from './attempt.ts';
import { guard, OidcError } from './oidc-error.ts';

/** Web Storage's three methods; each may answer a promise. */
export interface TransactionStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** One of `values`, separated by spaces, has to be the `acr` of the ID token; `isVital`: it has to have one. */
export interface WantedAcr {
  readonly values: string;
  readonly isVital: boolean;
}

/** What the ID token has to fit, in the words of oauth4webapi; `maxAge` in seconds. */
export interface Expected {
  readonly requireIdToken?: boolean;
  readonly expectedNonce?: string;
  readonly maxAge?: number;
}

/** What has to come of a sign-in. */
export interface Wanted {
  /** Without `openid` nothing. */
  readonly expected?: Expected | undefined;
  readonly acr?: WantedAcr | undefined;
  /** Of the key that the code is bound to (RFC 9449 §10). */
  readonly thumbprint?: string | undefined;
}

export interface Transaction extends Wanted {
  readonly verifier: string;
  readonly returnTo?: string | undefined;
}

const PREFIX = 'evertoken.oidc.';
const LIFETIME = 3_600_000;

/** No secret and no proof, but enough to tell the sign-ins of two clients apart before anything is awaited. */
const tagOf = (id: string): string =>
  [...id].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0, 7).toString(36);

/**
 * A state says when it was made, so that what is too old can be told by its key, and whose it is: of which issuer and
 * client.
 */
export const stamp = (random: string, id: string): string => `${random}.${Date.now()}.~${tagOf(id)}~`;
const isOld = (key: string) => !(Date.now() < +`${key.split('.')[3]}` + LIFETIME);

/** Another client began this sign-in, at its own server perhaps: it alone takes it (RFC 9700 §4.4). */
export const isForeign = (state: string, id: string): boolean =>
  state.includes('.~') && !state.includes(`.~${tagOf(id)}~`);

/** A tag is easily met by another id; a key is not. */
const keyOf = (state: string, id: string): string => `${PREFIX}${state} ${id}`;

/** @param open - Answers the storage, which may be forbidden. */
export const save = (
  open: () => TransactionStorage,
  state: string,
  id: string,
  transaction: { [K in keyof Transaction]: unknown },
): Promise<void> =>
  guard('storage-failed', async () => {
    const items = open();
    // Web Storage shows its keys.
    for (const key of Object.keys(items))
      if (key.startsWith(PREFIX) && isOld(key)) await items.removeItem(key);
    await items.setItem(keyOf(state, id), JSON.stringify(transaction));
  });

/** @throws OidcError `unknown-state`, `callback-used` or `storage-failed`. */
export async function take(open: () => TransactionStorage, state: string, id: string): Promise<Transaction> {
  const key = keyOf(state, id);
  const text = await guard('storage-failed', async () => {
    const items = open();
    const text = isOld(key) ? undefined : await items.getItem(key);
    // Its secrets go before they are used.
    if (text) await items.setItem(key, '');
    return text;
  });
  if (text === '') throw new OidcError('callback-used');
  const transaction: Transaction | undefined = attempt(() => JSON.parse(`${text}`));
  if (!transaction) throw new OidcError('unknown-state', 'no sign-in under way here has it');
  return ownMembers(transaction);
}
