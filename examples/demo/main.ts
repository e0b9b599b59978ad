/** The demo: a real authorization server, an API of its own, a user, and 100 requests a second across expiry and refusal. */
import { createTokenManager, type RefreshCause, type TokenManager } from 'evertoken';
import { createOidcClient } from 'evertoken/oidc';
import ky from 'ky';
import { type Api, startApi } from './api.ts';
import { startAuthorizationServer } from './authorization-server.ts';
import { drive } from './drive.ts';
import { walkThroughPages } from './sign-in.ts';
import { createStory, type Story } from './story.ts';
import { isGood, type Outcome, summary } from './summary.ts';

const PER_SECOND = 100;
const SECONDS = 10;
/** Once this much of the drive is over, the API denies the next token, this long after its issue. In milliseconds. */
const DENY = { after: 4000, age: 300 };

async function run(story: Story): Promise<Outcome> {
  const server = await startAuthorizationServer({ onTokenRequest: story.tokenRequest });
  const api = await startApi({ ...server, onRequest: story.apiRequest });
  let page = '';
  const underWay = new Map<string, string>();
  const client = createOidcClient({
    issuer: server.issuer,
    clientId: server.clientId,
    redirectUri: server.redirectUri,
    scope: 'openid offline_access',
    storage: {
      getItem: (key) => underWay.get(key),
      setItem: (key, value) => underWay.set(key, value),
      removeItem: (key) => underWay.delete(key),
    },
    navigate: (url) => {
      page = url;
    },
  });
  const auth = createTokenManager({ refresh: client.refresh, revoke: client.revoke, allow: api.url });
  try {
    story.asksForTokens();
    // The server gives no refresh token without it (OpenID Connect Core §11).
    await client.signInRedirect({ prompt: 'consent' });
    const result = await client.handleRedirect(await walkThroughPages(new URL(page), server.redirectUri));
    await auth.signIn(result?.tokens ?? {});
    story.hasTokens(auth.tokens?.expiresAt);
    const causes = watch(auth, story);
    denyOne(auth, api, story);
    const http = ky.create({ fetch: auth.fetch, retry: 0, baseUrl: api.url });
    const driven = await drive({
      perSecond: PER_SECOND,
      seconds: SECONDS,
      request: (number) => http.get(`items/${number}`).json(),
    });
    return { driven, refusedByApi: api.stats.refused, causes, server: server.stats };
  } finally {
    auth.close();
    await Promise.all([api.close(), server.close()]);
  }
}

function watch(auth: TokenManager, story: Story): ReadonlyMap<RefreshCause, number> {
  const causes = new Map<RefreshCause, number>();
  auth.on('token-refreshed', (event) => {
    causes.set(event.cause, (causes.get(event.cause) ?? 0) + 1);
    story.refreshed(event);
  });
  auth.on('refresh-failed', ({ error }) => story.refreshFailed(error.code));
  auth.on('signed-out', ({ reason }) => story.refreshFailed(`signed out (${reason})`));
  return causes;
}

/** F: one token is refused long before its time. */
function denyOne(auth: TokenManager, api: Api, story: Story): void {
  const began = performance.now();
  const stop = auth.on('token-refreshed', () => {
    if (performance.now() - began < DENY.after) return;
    stop();
    setTimeout(() => {
      const token = auth.tokens?.accessToken;
      if (!token) return;
      api.deny(token);
      story.denied();
    }, DENY.age);
  });
}

const story = createStory();
const outcome = await run(story).finally(story.end);
console.log(summary(outcome));
process.exitCode = isGood(outcome) ? 0 : 1;
