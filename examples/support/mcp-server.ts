/** A server of MCP that takes tokens for itself alone: JWTs whose audience it is (RFC 8707, RFC 9728). */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/sdk/server/auth/router.js';
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { listenOnLoopback } from '../demo/loopback.ts';

export async function startMcpServer({ issuer, jwksUri }: { issuer: string; jwksUri: string }) {
  const http = await listenOnLoopback();
  const resource = `${http.origin}/mcp`;
  const stats = { accepted: 0, refused: 0 };
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  async function verifyAccessToken(token: string): Promise<AuthInfo> {
    try {
      const options = { issuer, audience: resource, typ: 'at+jwt', currentDate: new Date(Date.now()) };
      const { payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['exp', 'sub'] });
      const { exp = 0, sub, client_id: clientId } = payload;
      stats.accepted += 1;
      return { token, clientId: `${clientId}`, scopes: [], expiresAt: exp, extra: { sub } };
    } catch {
      stats.refused += 1;
      throw new InvalidTokenError('The token is not good here');
    }
  }

  async function begin(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new McpServer({ name: 'example', version: '1.0.0' });
    server.registerTool('who-am-i', { description: 'Says who asks' }, ({ authInfo }) => ({
      content: [{ type: 'text', text: `${authInfo?.extra?.['sub']}` }],
    }));
    await server.connect(transport);
    return transport;
  }

  const app = createMcpExpressApp();
  const metadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(resource));
  app.get(new URL(metadataUrl).pathname, (_request: unknown, response: ServerResponse) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ resource, authorization_servers: [issuer] }));
  });
  const guard = requireBearerAuth({ verifier: { verifyAccessToken }, resourceMetadataUrl: metadataUrl });
  app.all('/mcp', guard, async (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => {
    const known = sessions.get(`${request.headers['mcp-session-id']}`);
    await (known ?? (await begin())).handleRequest(request, response, request.body);
  });
  http.handle(app);
  return { url: resource, stats, close: http.close };
}
