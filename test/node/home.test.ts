/** A platform that names no home folder. */
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';

/** What is found by what asks as it is loaded. */
let found: string | undefined;

/** As Node does for a user without an entry. */
function homedir(): string {
  const { HOME } = process.env;
  if (HOME === undefined) throw new Error('uv_os_homedir returned ENOENT');
  return HOME;
}

beforeEach(() => {
  vi.resetModules();
  vi.doMock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), homedir }));
  vi.doMock('env-paths', () => {
    found = homedir();
    return { default: () => ({ data: join(process.env['XDG_DATA_HOME'] ?? `${found}`, 'evertoken') }) };
  });
  vi.stubEnv('HOME', undefined);
  vi.stubEnv('XDG_DATA_HOME', undefined);
});

test('whoever gives a path, or XDG_DATA_HOME, does without; the environment stays as it was', async () => {
  const { fileStore } = await import('../../src/node/file-store.ts');
  expect(found).toBe('');
  expect(process.env).not.toHaveProperty('HOME');
  expect(() => fileStore('tool')).toThrow(/no absolute path\. Set HOME/);
  expect(() => fileStore('tool', { path: '/nowhere/session.json' })).not.toThrow();
  const { defaultPath } = await import('../../src/node/default-path.ts');
  vi.stubEnv('XDG_DATA_HOME', '/data');
  expect(defaultPath('tool')).toBe('/data/evertoken/tool.json');
});

test('a home that is named is not touched', async () => {
  vi.stubEnv('HOME', '/home/somebody');
  await import('../../src/node/default-path.ts');
  expect(found).toBe('/home/somebody');
  expect(process.env['HOME']).toBe('/home/somebody');
});
