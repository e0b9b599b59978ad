/** Bundles a selection of the built package the way an app's bundler does, and weighs it. */
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import manifest from '../../package.json' with { type: 'json' };

export const core = '{ createTokenManager, memoryStorage, bearer, TokenError, asTokenError }';
export const full = '*';
export const dpop = '{ dpop }';
export const firebase = '{ identityToolkit, returnSecureToken }';
export const indexeddb = '{ indexedDbStorage }';
export const oidc = '{ createOidcClient, OidcError }';

/** In kB of 1000 bytes, rounded up to a tenth. */
export const sizeOf = (bytes: number): string => `${(Math.ceil(bytes / 100) / 10).toFixed(1)} kB`;

/**
 * @param entry - The entry point, by the name of its file; optional peers are the app's own and not weighed.
 * @returns The size in brotli, and the names of the packages that are part of it.
 */
export async function measure(
  selection: string,
  entry = 'index',
): Promise<{ bytes: number; packages: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${selection} from './dist/${entry}.js';`, resolveDir: '.' },
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
  const names = parts
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return { bytes: brotliCompressSync(contents, { params: quality }).length, packages: [...new Set(names)] };
}
