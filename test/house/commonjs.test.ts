/** The CommonJS build carries ky, because Jest cannot `require` an ES module (docs/decisions/0006-builds.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { node } from './run.ts';

const dist = join(inject('consumer'), 'node_modules', 'evertoken', 'dist');

describe.for(['', 'development/'])('dist/%s', (folder) => {
  const read = (name: string) => readFileSync(join(dist, folder, name), 'utf8');

  test('the CommonJS build carries ky with its licence, and requires nothing that is no CommonJS', () => {
    const text = read('index.cjs');
    expect(text).toContain(readFileSync('node_modules/ky/license', 'utf8').trim());
    const required = [...text.matchAll(/\brequire\(['"](.*?)['"]\)/g)].map(([, name]) => name);
    expect(required.sort()).toEqual(['jwt-decode', 'mitt']);
    for (const name of ['dpop.cjs', 'firebase.cjs', 'oidc.cjs']) expect(read(name)).not.toMatch(/\bky\b/);
  });

  test('the ESM build leaves ky to the bundler, as an import that nobody splits off', () => {
    expect(read('index.js')).toMatch(/^import ky\b.* from ['"]ky['"];$/m);
    expect(read('index.js')).not.toMatch(/\bimport\(|Sindre Sorhus/);
  });

  test.for([
    ['where the platform has what it needs', '', 'signed-in new'],
    [
      'else the error says what is missing',
      'delete globalThis.TextEncoder;',
      'signed-in TextEncoder is not defined',
    ],
  ] as const)('ky is evaluated when a refreshEndpoint is first used: %s', ([, before, said]) => {
    const story = `
      ${before}
      const { createTokenManager, refreshEndpoint } = require(${JSON.stringify(join(dist, folder, 'index.cjs'))});
      const auth = createTokenManager({
        refresh: refreshEndpoint({ url: 'https://as.example.com/token' }),
        allow: 'https://api.example.com',
        fetch: async () => Response.json({ access_token: 'new' }),
      });
      auth.signIn({ access_token: 'old', refresh_token: 'r' }).then(async () => {
        const { status } = auth;
        const { accessToken, cause } = await auth.refresh().catch((error) => error);
        console.log(status, accessToken ?? cause.message);
      });`;
    expect(node('lazy.cjs', story)).toBe(said);
  });
});
