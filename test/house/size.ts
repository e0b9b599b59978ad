/** Bundles a selection of the built package the way an app's bundler does, and weighs it. */
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import bench from '../../bench/budgets.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };

interface Selection {
  /** The entry point, by the name of its file. */
  readonly entry: string;
  readonly names: readonly string[];
  /** Weighed beside these, which are taken off again. */
  readonly over?: readonly string[];
}

/** What an app with a refresh function of its own uses, and no store. */
const core = ['createTokenManager', 'bearer', 'TokenError', 'asTokenError'];

/** What is weighed; `bench/budgets.json` says how much each may have. */
export const selections = {
  core: { entry: 'index', names: core },
  webStore: { entry: 'index', names: ['webStore'], over: core },
  refreshEndpoint: { entry: 'index', names: ['refreshEndpoint'], over: core },
  oidc: { entry: 'oidc', names: ['createOidcClient', 'OidcError'] },
  dpop: { entry: 'dpop', names: ['dpop'] },
  firebase: { entry: 'firebase', names: ['identityToolkit', 'returnSecureToken'] },
  react: {
    entry: 'react',
    names: ['useSession', 'useTokenEvent', 'AuthProvider', 'useAuth', 'RequireSession'],
  },
  idle: { entry: 'idle', names: ['signOutWhenIdle'] },
} satisfies Record<string, Selection>;

export type Part = keyof typeof selections;

/** In bytes. Where a budget is not met yet, what was reached is held (docs/decisions/0003-size.md). */
export function heldOf(part: Part): number {
  const { budget, reached = budget }: { budget: number; reached?: number } = bench.budgets[`size.${part}`];
  return Math.round(reached * 1_000);
}

/** In kB of 1000 bytes, rounded up to a tenth. */
export const sizeOf = (bytes: number): string => `${(Math.ceil(bytes / 100) / 10).toFixed(1)} kB`;

/** What these names of `dist/<entry>.js` come to. */
export async function weigh(names: readonly string[], entry: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names.join()} } from './dist/${entry}.js';`, resolveDir: '.' },
    // Optional peers are the app's own and not weighed.
    external: Object.keys(manifest.peerDependencies),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    metafile: true,
    outfile: 'bundle.js',
  });
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const contents = outputFiles[0]?.contents ?? new Uint8Array();
  const parts = Object.entries(metafile.outputs['bundle.js']?.inputs ?? {});
  const packages = parts
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return {
    bytes: brotliCompressSync(contents, { params: quality }).length,
    packages: [...new Set(packages)].sort(),
  };
}

/** @returns The size in brotli, and the names of the packages that are part of it. */
export async function measure(part: Part): Promise<{ bytes: number; packages: string[] }> {
  const { entry, names, over = [] }: Selection = selections[part];
  const whole = await weigh([...over, ...names], entry);
  if (!over.length) return whole;
  const { bytes, packages } = await weigh(over, entry);
  return {
    bytes: whole.bytes - bytes,
    packages: whole.packages.filter((name) => !packages.includes(name)),
  };
}
