/** ky with the hooks of its own documentation: `beforeRequest` sets the token, `afterResponse` refreshes on a 401. */
import ky from 'ky';

export const name = 'ky hooks';
export const takesRequest = true;
/** It clones every answer, so each has to be a new one. */
export const answers = 'fresh';
export const note =
  'The recipe "retry with a fresh token on a 401 error" of ky\'s readme, as it stands; the token is set in `beforeRequest`.';

export function make(fetch, tokens, tokenEndpoint) {
  let { access_token, refresh_token } = tokens;
  const api = ky.create({
    fetch,
    hooks: {
      beforeRequest: [({ request }) => request.headers.set('Authorization', `Bearer ${access_token}`)],
      afterResponse: [
        async ({ request, response, retryCount }) => {
          if (response.status === 401 && retryCount === 0) {
            const body = new URLSearchParams({
              grant_type: 'refresh_token',
              refresh_token,
              client_id: 'bench',
            });
            const answer = await ky.post(tokenEndpoint, { body, fetch }).json();
            ({ access_token, refresh_token } = answer);
            const headers = new Headers(request.headers);
            headers.set('Authorization', `Bearer ${access_token}`);
            return ky.retry({ request: new Request(request, { headers }), code: 'TOKEN_REFRESHED' });
          }
        },
      ],
    },
  });
  return (input, init) => api(input, init);
}
