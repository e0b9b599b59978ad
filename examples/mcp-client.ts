/** As with-oidc.ts, for a client of MCP: its copies share one session, at a server that wants tokens of its own. */
import { discoverOAuthProtectedResourceMetadata } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createTokenManager } from 'evertoken';
import { fileStore } from 'evertoken/node';
import { createOidcClient } from 'evertoken/oidc';
import { sleepUntilWoken } from './support/copies.ts';
import { playMcp } from './support/mcp-story.ts';

const { MCP_SERVER: url = '', SESSION: path = '' } = process.env;

async function run() {
  // RFC 9728: the server names itself, and who issues its tokens.
  const { resource, authorization_servers } = await discoverOAuthProtectedResourceMetadata(url);
  if (resource !== url) throw new Error(`${url} calls itself ${resource}`);
  const client = createOidcClient({
    issuer: authorization_servers?.[0],
    clientId: 'spa',
    scope: 'openid offline_access',
    resource, // RFC 8707: its tokens are good there and nowhere else, also after a refresh
  });
  using auth = createTokenManager({
    refresh: client.refresh,
    revoke: client.revoke,
    allow: url,
    store: fileStore('example-mcp', { path }),
  });
  auth.on('token-refreshed', ({ elsewhere }) => console.log(elsewhere ? 'a copy refreshed' : 'refreshed'));

  if (!(await auth.getAccessToken())) {
    const { tokens } = await client.signInLoopback({
      prompt: 'consent', // some servers give a refresh token only then
      open: (page) => console.log(`Open ${page}`), // or the package `open`
    });
    await auth.signIn(tokens);
    console.log('signed in');
  }

  const mcp = new Client({ name: 'example', version: '1.0.0' });
  await mcp.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: auth.fetch }));
  const ask = async () => console.log('answered', JSON.stringify(await mcp.callTool({ name: 'who-am-i' })));
  await ask();
  await sleepUntilWoken();
  await ask();
  await mcp.close();
}

// Without an address it shows itself at servers of its own.
if (url) await run();
else await playMcp(import.meta.filename);
