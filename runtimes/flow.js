/** The steps A to H with nothing but what every runtime has; answers what was seen, in order. */
export async function flow({ createTokenManager, refreshEndpoint, revokeEndpoint }, { api, as }) {
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: `${api}/token`, clientId: 'runtime' }),
    revoke: revokeEndpoint({ url: `${as}/revoke`, clientId: 'runtime' }),
    allow: api,
  });
  const seen = [];
  auth.on('*', (event, { cause, reason }) => seen.push([event, cause ?? reason].join(' ')));
  const post = async (path) => (await fetch(as + path, { method: 'POST' })).json();
  const get = async () => seen.push((await auth.fetch(`${api}/me`)).status);

  // A and B, C and D.
  await auth.signIn(await post('/login'));
  await get();

  // E: too old by the client's own clock.
  await auth.signIn({ ...(await post('/login')), expires_in: 0.1 });
  await new Promise((resolve) => setTimeout(resolve, 150));
  await get();

  // F, G and H: the server refuses the token, for fifty callers at once.
  await post('/deny');
  const requests = Array.from({ length: 50 }, () =>
    auth.fetch(`${api}/me`, { method: 'POST', body: 'once more' }),
  );
  const statuses = (await Promise.all(requests)).map(({ status }) => status);
  seen.push(`${new Set(statuses).size} status, ${statuses[0]}`);

  await auth.signOut();
  await get();
  auth.close();
  return seen;
}
