/** Where an entry lies unless its user says so. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { defaultPath } from '../../src/node/default-path.ts';

const stubPlatform = (platform: NodeJS.Platform) =>
  vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);

test.each([
  ['linux', {}, join(homedir(), '.local', 'share', 'evertoken', 'tool.json')],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/evertoken/tool.json'],
  ['darwin', {}, join(homedir(), 'Library', 'Application Support', 'evertoken', 'tool.json')],
  // Not the roaming profile: two machines would spend one refresh token.
  ['win32', { LOCALAPPDATA: '/local' }, '/local/evertoken/Data/tool.json'],
] as const)('on %s, with %o: %s', (platform, env, path) => {
  vi.stubEnv('XDG_DATA_HOME', undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  stubPlatform(platform);
  expect(defaultPath('tool')).toBe(path);
});
