/** The MCP TypeScript SDK over streamable HTTP, against a server of the same SDK without sessions. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import * as streamableHttp from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import { client } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  if (request.method !== 'POST') return new Response(null, { status: 405 });
  const server = new McpServer({ name: 'shop', version: '1.0.0' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  const transport = new WebStandardStreamableHTTPServerTransport({});
  await server.connect(transport as Transport);
  return transport.handleRequest(request);
}

const textIn = (result: object): unknown => (result as { content?: { text?: unknown }[] }).content?.[0]?.text;

export const mcp = client<{ transport: () => streamableHttp.StreamableHTTPClientTransport }>({
  heading: 'MCP',
  modules: { '@modelcontextprotocol/sdk/client/streamableHttp.js': streamableHttp },
  serve,
  keepsConnection: 'a cancelled call is told to the server as a message',
  async use({ transport }, _origin, atEnd) {
    const api = new Client({ name: 'tool', version: '1.0.0' });
    await api.connect(transport() as Transport);
    atEnd(() => api.close());
    return {
      mixed: [
        async (text) => textIn(await api.callTool({ name: 'echo', arguments: { text } })),
        async (text) => {
          const { tools } = await api.listTools();
          return tools[0]?.name === 'echo' ? text : tools;
        },
      ],
      cancelled: (text, signal) => api.callTool({ name: 'echo', arguments: { text } }, undefined, { signal }),
    };
  },
});
