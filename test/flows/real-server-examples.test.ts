/** The examples whose copies share a session, as they stand: real servers, real processes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createOidcClient } from 'evertoken/oidc';
import { describe, expect, test } from 'vitest';
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts';
import { walkThroughPages } from '../../examples/demo/sign-in.ts';
import { startMcpServer } from '../../examples/support/mcp-server.ts';
import { packageFromSource } from '../support/from-source.ts';

/** What it prints, until it ends by itself. */
async function run(file: string): Promise<string[]> {
  const args = [...packageFromSource, '--no-warnings', file];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 240_000 });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('R54: copies of a tool refresh once', { timeout: 250_000 }, () => {
  test('examples/cli.ts: ten that start at once, after a run that signs in and one that need not (RFC 8628)', async () => {
    expect(await run('examples/cli.ts')).toEqual([
      expect.stringMatching(/^first run: Open http:\S+\/device and enter [A-Z]{4}-[A-Z]{4}$/),
      expect.stringMatching(/^first run: signed in, (?:refreshed, )?answered 200$/),
      expect.stringMatching(/^second run: (?:refreshed, )?answered 200$/),
      '10 copies at once: 10 answers, refreshes: 1, reuse: 0',
    ]);
  });

  test('examples/mcp-client.ts: five that wake from two days of sleep', async () => {
    expect(await run('examples/mcp-client.ts')).toEqual([
      'the browser shows: You can close this window.',
      '5 copies are at work, and fall asleep',
      '5 copies, two days later: 10 answers of 10, refreshes: 1, reuse: 0',
    ]);
  });
});

test('RFC 8707, RFC 9728: its server refuses tokens for others, and says where to get some', async () => {
  const server = await startAuthorizationServer({ accessTokenLifetime: 120 });
  const mcp = await startMcpServer(server);
  const signIn = async (resource: string) => {
    const client = createOidcClient({ issuer: server.issuer, clientId: 'spa', resource });
    const open = async (page: string) => {
      const back = `${new URL(page).searchParams.get('redirect_uri')}`;
      await fetch(await walkThroughPages(new URL(page), back));
    };
    const { tokens } = await client.signInLoopback({ open });
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    const accept = 'application/json, text/event-stream';
    return fetch(mcp.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.access_token}`, accept, 'content-type': 'application/json' },
      body: JSON.stringify(ping),
    });
  };
  try {
    const foreign = await signIn('urn:other-api');
    expect(foreign.status).toBe(401);
    const [, metadata = ''] =
      /resource_metadata="([^"]+)"/.exec(`${foreign.headers.get('www-authenticate')}`) ?? [];
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: mcp.url,
      authorization_servers: [server.issuer],
    });
    // A ping before any session is no request that it knows, but it has read it.
    expect((await signIn(mcp.url)).status).toBe(400);
    expect(mcp.stats).toEqual({ accepted: 1, refused: 1 });
  } finally {
    await Promise.all([mcp.close(), server.close()]);
  }
});
