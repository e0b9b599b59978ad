/** A page with a panel, over a server that answers within the page. */
import { createTokenManager, webStore } from 'evertoken';
import { mountDevtools } from 'evertoken/devtools';

let issued = 0;
const issue = () => ({
  access_token: `secret-access-${++issued}-${Math.random()}`,
  refresh_token: `secret-refresh-${issued}`,
  expires_in: 300,
});
/** How many of the next answers of the API refuse the token. */
let refusals = 0;

const auth = createTokenManager({
  refresh: async () => issue(),
  allow: 'https://api.example.com',
  store: webStore('panel'),
  fetch: async () => (refusals-- > 0 ? new Response('', { status: 401 }) : Response.json({})),
});

Object.assign(globalThis, {
  auth,
  mount: () => mountDevtools({ managers: { shop: auth }, open: true }),
  signIn: () => auth.signIn(issue()),
  async call(path: string, refused = 0) {
    refusals = refused;
    const { status } = await auth.fetch(`https://api.example.com${path}`);
    return status;
  },
});
