/** Plain fetch with the header written by hand: what sends the least. It knows no expiry and no refresh. */

export const name = 'plain fetch';
export const takesRequest = true;
export const note = 'The header is added by hand to a copy of the init; a token that has ended stays ended.';

export function make(fetch, { access_token }) {
  const authorization = `Bearer ${access_token}`;
  return (input, init) => {
    if (init && !(input instanceof Request)) {
      return fetch(input, { ...init, headers: { ...init.headers, authorization } });
    }
    if (!(input instanceof Request)) return fetch(input, { headers: { authorization } });
    const headers = new Headers(input.headers);
    headers.set('authorization', authorization);
    return fetch(input, { headers });
  };
}
