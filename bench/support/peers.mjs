/** The subjects of the benches: the package, plain fetch, and the peers where they are installed. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = ['plain-fetch', 'evertoken'];
export const peers = [
  'oidc-client-ts',
  'badgateway',
  'google-auth-library',
  'ky-hooks',
  'alova',
  'axios-auth-refresh',
];

export const arePeersInstalled = () => existsSync(fileURLToPath(new URL('../node_modules', import.meta.url)));

export async function loadSubjects(withPeers) {
  const names = withPeers ? [...own, ...peers] : own;
  return Promise.all(names.map((name) => import(`../peers/${name}.mjs`)));
}
