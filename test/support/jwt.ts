/** Tokens that can be read, and that nobody has signed. */

/** A JWT with these claims. */
export const jwt = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify(claims), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
