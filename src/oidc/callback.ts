/** Tells a callback from any other URL. */
import { attempt } from './attempt.ts';

export interface Callback {
  readonly parameters: URLSearchParams;
  readonly state: string;
  /** The URL without them, for the address bar. */
  readonly cleaned: string;
}

/** RFC 6749 §4.1.2, RFC 9207 §2, OpenID Connect Session Management 1.0 §2. */
const names = ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri'];

/**
 * The callback in a URL, or in the path of a request that a server got, or `undefined`: it stands at `redirectUri`, in the
 * query or in the fragment, and has a `state` besides `code` or `error`. Without `state` it is none, so that nobody can slip a code in.
 */
export function readCallback(href: string, redirectUri: string): Callback | undefined {
  // What an error of `URL` quotes may be the code.
  const url = attempt(() => new URL(href, redirectUri));
  if (!url) return undefined;
  const { origin, pathname } = new URL(redirectUri);
  const fragment = new URLSearchParams(url.hash.slice(1));
  for (const given of [url.searchParams, fragment]) {
    const state = given.get('state');
    const isCallback = state && (given.has('code') || given.has('error'));
    if (!isCallback || url.origin !== origin || url.pathname !== pathname) continue;
    const parameters = new URLSearchParams(given);
    for (const name of names) given.delete(name);
    if (given === fragment) url.hash = `${fragment}`;
    return { parameters, state, cleaned: url.href };
  }
  return undefined;
}
