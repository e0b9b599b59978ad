/** This package, with `refreshEndpoint` and what else is the default. */
import { load } from '../support/build.mjs';

export const name = 'evertoken';
export const takesRequest = true;
export const note =
  '`createTokenManager` with `refreshEndpoint`, tokens in memory, all other options as they are.';

const { createTokenManager, refreshEndpoint } = await load();

export async function make(fetch, tokens, tokenEndpoint) {
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'bench' }),
    allow: new URL(tokenEndpoint).origin,
    fetch,
  });
  await auth.signIn(tokens);
  return Object.assign((input, init) => auth.fetch(input, init), { close: () => auth.close() });
}
