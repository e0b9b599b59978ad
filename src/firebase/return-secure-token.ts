/** Asks Identity Toolkit for tokens in the answer. */
import { memberOf } from '../own.ts';
import { refuse } from './refuse.ts';

/**
 * Adds `returnSecureToken: true` to the JSON body of a request to Identity Toolkit. Without it the answer to a new
 * password or e-mail brings no tokens, and those in hand are dead. Answers a copy; `init` stays as it is.
 *
 * @param init - The `init` of a `fetch`, with a JSON object as the text of its `body`.
 * @throws TypeError for any other body; the message tells its kind and nothing of it.
 *
 * @example
 * import { returnSecureToken } from 'evertoken/firebase';
 *
 * const body = JSON.stringify({ idToken: await auth.getAccessToken(), password });
 * await auth.fetch(url, returnSecureToken({ method: 'POST', body }));
 */
export function returnSecureToken<T extends RequestInit>(init: T): T & { body: string } {
  const body = memberOf(init, 'body');
  let members: object | undefined;
  try {
    if (/^\s*{/.test(`${body}`)) members = JSON.parse(`${body}`);
  } catch {
    // What JSON.parse says quotes the text, and with it a password.
  }
  if (!members) refuse('init.body', body, 'the JSON text of an object');
  return { ...init, body: JSON.stringify({ ...members, returnSecureToken: true }) };
}
