/** The playground: a React app, a real authorization server and an API, all on this machine. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { createServer, type Plugin, type ViteDevServer } from 'vite';
import { startApi } from '../demo/api.ts';
import { startAuthorizationServer } from '../demo/authorization-server.ts';
import { createTrouble, type Trouble } from './trouble.ts';

export interface PlaygroundOptions {
  /** Of the app; it has to be free. */
  port: number;
  /** Whole seconds that an access token lives. @default 60 */
  accessTokenLifetime?: number | undefined;
  /** Told of the tokens of each answer. */
  onIssued?: ((tokens: Record<string, unknown>) => unknown) | undefined;
  /** Whether the app follows changes of its source. @default true */
  isWatching?: boolean | undefined;
  /** More of Vite's. @default none */
  plugins?: Plugin[] | undefined;
}

export interface Playground {
  readonly url: string;
  readonly trouble: Trouble;
  close(): Promise<void>;
}

const items = ['Adele', 'Bergamot', 'Cedar', 'Damson', 'Elder'];

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** The library as its source, in the development build. */
const library = [
  { find: /^evertoken$/, replacement: `${source}index.ts` },
  { find: /^evertoken\/(\w+)$/, replacement: `${source}$1/index.ts` },
];

/** What the source asks for, made ready at once: found later it would reload the page. */
const packages = [
  ...['@tanstack/react-query', 'react', 'react-dom/client', 'react/jsx-dev-runtime'],
  ...['jwt-decode', 'ky', 'mitt', 'oauth4webapi', 'preact'],
];

/** The page asks its own server for trouble. */
const pluginOf = ({ handle }: Trouble): Plugin => ({
  name: 'trouble',
  configureServer({ middlewares }: ViteDevServer) {
    middlewares.use('/trouble', handle);
  },
});

export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { port, accessTokenLifetime = 60, onIssued, isWatching = true, plugins = [] } = options;
  const url = `http://localhost:${port}/`;
  const trouble = createTrouble(() => server.revokeGrants());
  const server = await startAuthorizationServer({
    accessTokenLifetime,
    postLogoutRedirectUris: [url],
    onIssued,
    around: trouble.aroundServer,
  });
  const api = await startApi({
    ...server,
    refuse: trouble.refuse,
    around: trouble.aroundApi,
    answer: ({ sub }) => items.map((name) => ({ name, owner: sub })),
  });
  const vite = await createServer({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'warn',
    define: {
      __DEVELOPMENT__: 'true',
      'import.meta.env.VITE_ISSUER': JSON.stringify(server.issuer),
      'import.meta.env.VITE_API': JSON.stringify(api.url),
    },
    resolve: { alias: library },
    optimizeDeps: { include: packages },
    plugins: [react(), pluginOf(trouble), ...plugins],
    server: { port, strictPort: true, host: 'localhost', ...(!isWatching && { hmr: false, watch: null }) },
  });
  await vite.listen();
  return {
    url,
    trouble,
    async close() {
      await Promise.all([vite.close(), server.close(), api.close()]);
    },
  };
}
