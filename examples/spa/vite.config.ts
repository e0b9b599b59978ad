/** Serves the page over the library's source; `VITE_ISSUER` and `VITE_API` name your servers, else the demo's are started. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { startApi } from '../demo/api.ts';
import { startAuthorizationServer } from '../demo/authorization-server.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

export default defineConfig(async ({ command }) => {
  const { VITE_ISSUER, VITE_API } = process.env;
  const named = VITE_ISSUER !== undefined && VITE_API !== undefined;
  const servers = command === 'serve' && !named ? await startServers() : {};
  return {
    root: fileURLToPath(new URL('.', import.meta.url)),
    define: { ...servers, __DEVELOPMENT__: `${command === 'serve'}` },
    resolve: {
      alias: [
        { find: /^evertoken$/, replacement: `${source}index.ts` },
        { find: /^evertoken\/(\w+)$/, replacement: `${source}$1/index.ts` },
      ],
    },
  };
});

/** They end with Vite. */
async function startServers(): Promise<Record<string, string>> {
  const server = await startAuthorizationServer({ accessTokenLifetime: 20 });
  const api = await startApi(server);
  return {
    'import.meta.env.VITE_ISSUER': JSON.stringify(server.issuer),
    'import.meta.env.VITE_API': JSON.stringify(api.url),
  };
}
