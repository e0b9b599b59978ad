/** The web site of the scenarios: a page with one script, which is the built package and the actor around it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { inject } from 'vitest';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';
import type { Setup } from '../page/setup.ts';

/** Finds the package where it is installed, as packed; else esbuild would follow tsconfig.json to the source. */
const packed: Plugin = {
  name: 'packed',
  setup({ onResolve, resolve }) {
    const resolveDir = inject('consumer');
    onResolve({ filter: /^evertoken(\/|$)/ }, ({ path, kind, pluginData }) =>
      pluginData === packed ? undefined : resolve(path, { kind, resolveDir, pluginData: packed }),
    );
  },
};

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A classic script, because not every engine has service workers of type `module`. */
async function bundled(
  entry: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'globalName' | 'conditions'>,
): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    write: false,
    // One page tries a part of the source.
    define: { __DEVELOPMENT__: 'true' },
    tsconfigRaw: {},
    // package.json says that no file has side effects; those of the page have.
    ignoreAnnotations: true,
    plugins: [packed],
    // Optional peers are installed here, not beside the package.
    nodePaths: [join(root, 'node_modules')],
  });
  return outputFiles?.[0]?.text ?? '';
}

/** @param condition - Which build of the package. */
export const bundle = (page = 'main', condition = 'production'): Promise<string> =>
  bundled({
    entryPoints: [fileURLToPath(new URL(`../page/${page}.ts`, import.meta.url))],
    conditions: [condition],
  });

/** @returns A script that leaves what the text exports in the variable `recipe`. */
export const bundleText = (contents: string): Promise<string> =>
  bundled({ stdin: { contents, loader: 'ts', resolveDir: root }, globalName: 'recipe' });

export const html = (body: string) => `<!doctype html><meta charset="utf-8"><title>evertoken</title>${body}`;

export interface Site {
  /** Where a page with this setup is. */
  page(setup: Setup): string;
  /** Where it is in a sandboxed frame; the page around it can be asked the same. */
  framed(setup: Setup): string;
  /** A page without any script. */
  readonly elsewhere: string;
  close(): Promise<void>;
}

let scripts: Promise<[main: string, frame: string]> | undefined;

export async function startSite(): Promise<Site> {
  scripts ??= Promise.all([bundle(), bundle('frame')]);
  const [main, frame] = await scripts;
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', html('<script src="/main.js"></script>')],
    '/framed': ['text/html', html('<body><script src="/frame.js"></script>')],
    '/elsewhere': ['text/html', html('elsewhere')],
    '/main.js': ['text/javascript', main],
    '/frame.js': ['text/javascript', frame],
  };
  const http = await listenOnLoopback();
  http.handle(({ url = '/' }, response) => {
    const [type, text] = files[new URL(url, http.origin).pathname] ?? [];
    if (type) response.writeHead(200, { 'content-type': type }).end(text);
    else response.writeHead(404).end();
  });
  // A secure context, and another site than that of the servers on 127.0.0.1.
  const origin = http.origin.replace('127.0.0.1', 'localhost');
  const at = (path: string) => (setup: Setup) =>
    `${origin}${path}?setup=${encodeURIComponent(JSON.stringify(setup))}`;
  return {
    page: at('/'),
    framed: at('/framed'),
    elsewhere: `${origin}/elsewhere`,
    close: http.close,
  };
}
