/** The app that signs users in, and its servers. */
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';
import { startLoopback } from '../../support/loopback.ts';
import { bundle, html } from './site.ts';

/** The app on `localhost`, the servers on `127.0.0.1`: other origins, another site. */
export async function startSignInApp(headers: Record<string, string> = {}) {
  const site = await listenOnLoopback();
  const origin = site.origin.replace('127.0.0.1', 'localhost');
  const world = await startLoopback({ headers, postLogoutRedirectUris: [`${origin}/`] });
  const { server, api } = world;
  const servers = new URLSearchParams({ issuer: server.issuer, api: api.url });
  const script = await bundle('sign-in');
  const page = html(`<body data-servers="${servers}"><script src="/main.js"></script>`).replaceAll(
    '&',
    '&amp;',
  );
  site.handle(({ url }, response) => {
    const isScript = url === '/main.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : page);
  });
  return {
    origin,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([site.close(), world[Symbol.asyncDispose]()]);
    },
  };
}
