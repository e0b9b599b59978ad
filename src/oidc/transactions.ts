/** Keeps what the sign-ins under way have to be compared with, one entry each, so that none disturbs another. */
import { attempt } from './attempt.ts';
import { OidcError } from './oidc-error.ts';

/** Web Storage's three methods; each may answer a promise. */
export interface TransactionStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface Transaction {
  readonly verifier: string;
  /** What the ID token has to fit, in the words of oauth4webapi; without `openid` nothing. `maxAge` in seconds. */
  readonly expected?: { readonly expectedNonce?: string; readonly maxAge?: number };
  readonly returnTo?: string | undefined;
}

const PREFIX = 'evertoken.oidc.';
const LIFETIME = 3_600_000;

/** A state says when it was made, so that what is too old can be told by its key. */
export const stamp = (random: string): string => `${random}.${Date.now()}`;
const isOld = (key: string) => !(Date.now() < +`${key.split('.')[3]}` + LIFETIME);

export async function save(
  items: TransactionStorage,
  state: string,
  transaction: { [K in keyof Transaction]: unknown },
): Promise<void> {
  // Web Storage shows its keys.
  for (const key of Object.keys(items)) if (key.startsWith(PREFIX) && isOld(key)) await items.removeItem(key);
  await items.setItem(PREFIX + state, JSON.stringify(transaction));
}

/** @throws OidcError `unknown-state` or `callback-used`. */
export async function take(items: TransactionStorage, state: string): Promise<Transaction> {
  const key = PREFIX + state;
  const text = isOld(key) ? undefined : await items.getItem(key);
  if (text === '') throw new OidcError('callback-used');
  const transaction = attempt(() => JSON.parse(`${text}`));
  if (!transaction) throw new OidcError('unknown-state');
  await items.setItem(key, '');
  return transaction;
}
