/** The HttpOnly cookie, kept here as one browser would: no mock can hand a page one. */

/**
 * Whether a browser sends cookies with a request. Where there is no page nobody knows what its own origin would be:
 * there all do but those that say `credentials: 'omit'`.
 */
export function sendsCookies({ credentials, url }: Request): boolean {
  const page = globalThis.location?.origin;
  if (credentials === 'include') return true;
  return credentials === 'same-origin' && (!page || page === new URL(url).origin);
}
