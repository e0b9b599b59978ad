/** Which build of the package is measured: `dist/`, or what `EVERTOKEN_DIST` names. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const dist = resolve(process.env.EVERTOKEN_DIST ?? resolve(root, 'dist'));

/** The module of an entry point of the build. */
export async function load(entry = 'index') {
  const file = resolve(dist, `${entry}.js`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build`);
  return import(pathToFileURL(file).href);
}
