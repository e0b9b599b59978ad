/** A newcomer's Node project without the library of the DOM: no public type needs it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, inject, test } from 'vitest';
import { blocks } from './blocks.ts';
import { compile } from './compile.ts';

const { Node16, NodeNext, ESNext } = ts.ModuleKind;

/** Whatever is missing is named: without `skipLibCheck` no type of ours turns into `any` in silence. */
const strict: ts.CompilerOptions = {
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
  typeRoots: [resolve('node_modules/@types')],
  skipLibCheck: false,
};

const all = `
  import { asTokenError, createTokenManager, memoryStore, refreshEndpoint, type Refresh, type TokenManagerOptions } from 'evertoken';
  import { mountDevtools } from 'evertoken/devtools';
  import { dpop } from 'evertoken/dpop';
  import { identityToolkit } from 'evertoken/firebase';
  import { createOidcClient } from 'evertoken/oidc';

  const own: Refresh = async ({ fetch, signal }) => {
    const response = await fetch('https://as.example.com/token', { method: 'POST', signal });
    return response.json();
  };
  const proofs = dpop('tool');
  export const bound = crypto.subtle
    .generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    .then((keyPair) => dpop('tool', { keyPair }));
  const options: TokenManagerOptions = {
    refresh: proofs.refresh(own), allow: ['https://api.example.com'], attach: proofs, store: memoryStore(),
    isRejected: (response) => response.status === 419, fetch: (input, init) => fetch(input, init),
  };
  export const auth = createTokenManager(options);
  export const endpoint = refreshEndpoint({ url: new URL('https://as.example.com/token'), headers: async () => ({ accept: 'x' }),
    read: (body, response) => ({ access_token: String(body), expires_in: response.status }) });
  export const toolkit = createTokenManager({ ...identityToolkit({ apiKey: 'key' }), allow: 'https://api.example.com' });
  mountDevtools({ managers: { auth } })();
  const client = createOidcClient({ issuer: 'https://as.example.com', clientId: 'tool', redirectUri: 'http://localhost/' });
  export const { refresh, revoke } = client;
  export async function me(): Promise<unknown> {
    const response: Response = await auth.fetch(new Request('https://api.example.com/me'), { signal: AbortSignal.timeout(5) });
    const header: string | null = response.headers.get('etag');
    await auth.signIn(await response.json());
    try { return [header, await response.json()]; }
    catch (error) { return asTokenError(error)?.code; }
  }
  // Nothing has turned into \`any\`.
  // @ts-expect-error
  auth.fetch(5);
  // @ts-expect-error
  dpop('tool', { keyPair: 5 });
  // @ts-expect-error
  refreshEndpoint({ url: 'x', headers: 5 });
  // @ts-expect-error
  auth.fetch('x').then((response) => response.statuss);
  // @ts-expect-error
  createTokenManager({ ...options, isRejected: (response) => response.statuss });`;

const modes: { name: string; ending: string; options: ts.CompilerOptions }[] = [
  { name: 'nodenext, ESM', ending: 'mts', options: { module: NodeNext } },
  { name: 'node16, CommonJS', ending: 'cts', options: { module: Node16 } },
  {
    name: 'bundler, exactOptionalPropertyTypes, condition development',
    ending: 'ts',
    options: {
      module: ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      exactOptionalPropertyTypes: true,
      customConditions: ['development'],
    },
  },
];

describe.for(modes)('$name', ({ ending, options }) => {
  test('all entry points compile', () => {
    const consumer = readFileSync('test/house/consumer.ts', 'utf8');
    const file = (name: string) => join(inject('peered'), `${name}.${ending}`).replaceAll('\\', '/');
    const errors = compile({ [file('all')]: all, [file('consumer')]: consumer }, { ...strict, ...options });
    expect(errors).toEqual([]);
  });
});

test.for([false, true])('the examples of the README compile, exactOptionalPropertyTypes: %s', (exact) => {
  const errors = compile(blocks('README.md'), {
    ...strict,
    module: ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    exactOptionalPropertyTypes: exact,
    // Those of axios and ky are theirs.
    skipLibCheck: true,
    paths: { evertoken: [resolve('dist/index.d.ts')], 'evertoken/*': [resolve('dist/*.d.ts')] },
  });
  expect(errors).toEqual([]);
});
