/** axios with axios-auth-refresh, as the readme of the latter shows it. */
import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';

export const name = 'axios-auth-refresh';
export const takesRequest = false;
/** It reads every answer, so each has to be a new one. */
export const answers = 'read';
export const note =
  "`createAuthRefresh` and the request interceptor of its readme, default options; axios' own fetch adapter.";

export function make(fetch, tokens, tokenEndpoint) {
  let { access_token, refresh_token } = tokens;
  const client = axios.create({ adapter: 'fetch', env: { fetch } });
  client.interceptors.request.use((request) => {
    request.headers['Authorization'] = `Bearer ${access_token}`;
    return request;
  });
  const refreshAuthLogic = async (failedRequest) => {
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: 'bench' });
    const { data } = await axios.post(tokenEndpoint, form, { adapter: 'fetch', env: { fetch } });
    ({ access_token, refresh_token } = data);
    failedRequest.response.config.headers['Authorization'] = `Bearer ${access_token}`;
  };
  createAuthRefresh(client, refreshAuthLogic);
  return (input, { method, headers, body } = {}) =>
    client.request({ url: `${input}`, method, headers, data: body });
}
