/** alova with its token authentication, the server's 401 being what tells that a token has ended. */
import { createAlova } from 'alova';
import { createServerTokenAuthentication } from 'alova/client';
import adapterFetch from 'alova/fetch';

export const name = 'alova';
export const takesRequest = false;
/** It clones every answer, so each has to be a new one. */
export const answers = 'fresh';
export const note =
  '`createServerTokenAuthentication` with `refreshTokenOnSuccess`, as its documentation shows; cache and sharing of equal requests are switched off, since every request is to be sent.';

export function make(fetch, tokens, tokenEndpoint) {
  let { access_token, refresh_token } = tokens;
  const { onAuthRequired, onResponseRefreshToken } = createServerTokenAuthentication({
    assignToken: (method) => {
      method.config.headers.Authorization = `Bearer ${access_token}`;
    },
    refreshTokenOnSuccess: {
      isExpired: (response) => response.status === 401,
      handler: async () => {
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: 'bench' });
        const refresh = alova.Post(tokenEndpoint, body);
        refresh.meta = { authRole: 'refreshToken' };
        const response = await refresh;
        if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`);
        ({ access_token, refresh_token } = await response.json());
      },
    },
  });
  const alova = createAlova({
    requestAdapter: adapterFetch({ customFetch: fetch }),
    cacheFor: null,
    shareRequest: false,
    beforeRequest: onAuthRequired(),
    responded: onResponseRefreshToken(),
  });
  return async (input, { method = 'GET', headers, body } = {}) =>
    alova.Request({ url: `${input}`, method, headers: { ...headers }, data: body }).send(true);
}
