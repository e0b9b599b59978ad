/** A session in a file: what an app sees, and what it is told of a bad place, name or key. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createTokenManager, type TokenManager } from 'evertoken';
import { type FileStoreOptions, fileStore } from 'evertoken/node';
import { describeStore } from 'evertoken/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFilePort } from '../../src/node/file-store.ts';
import { runner } from '../store/parts.ts';
import { createFolder } from '../support/folder.ts';
import { polluted } from '../support/polluted.ts';

const key = (first: number) => Uint8Array.from({ length: 32 }, (_, index) => first + index);
const login = { access_token: 'S3CR3T-access', refresh_token: 'S3CR3T-refresh', expires_in: 3_600 };

/** A manager over a file, and what its store failed with. */
function open(path: string, more: Partial<FileStoreOptions> = {}) {
  const auth: TokenManager = createTokenManager({
    refresh: Object.assign(async () => ({ access_token: 'S3CR3T-new', expires_in: 3_600 }), { id: 'tool' }),
    allow: 'https://api.example.com',
    store: fileStore('tool', { path, ...more }),
  });
  onTestFinished(() => auth.close());
  const failures: string[] = [];
  auth.on('store-failed', ({ error }) => failures.push(error.message));
  return { auth, failures };
}

const newPath = () => join(createFolder(), 'session.json');

let path = '';
describeStore(
  'a file, in one process,',
  {
    says: { watch: true, lock: true },
    reset() {
      path = newPath();
    },
    open: () => createFilePort(path),
    damage: { 'another text': () => writeFileSync(path, 'something else') },
    times: 10,
  },
  runner,
);

describe('R50: one session for all managers of a file', () => {
  test('a second one is signed in, hears of a refresh and of a sign-out', async () => {
    const path = newPath();
    const { auth } = open(path);
    await auth.signIn(login);
    const { auth: other } = open(path);
    await other.ready;
    expect(other.status).toBe('signed-in');
    const told: unknown[] = [];
    other.on('*', (event, payload) => told.push([event, (payload as { elsewhere?: boolean }).elsewhere]));
    await auth.refresh();
    await expect.poll(() => other.tokens?.accessToken).toBe('S3CR3T-new');
    await auth.signOut();
    await expect.poll(() => other.status).toBe('signed-out');
    expect(told).toEqual([
      ['token-refreshed', true],
      ['signed-out', true],
    ]);
    expect(readdirSync(dirname(path))).toEqual(['session.json']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toMatch(/S3CR3T/);
  });

  test('a file that is removed signs out', async () => {
    const path = newPath();
    const { auth } = open(path);
    await auth.signIn(login);
    rmSync(path);
    await expect.poll(() => auth.status).toBe('signed-out');
  });
});

describe('R58: an encrypted file', () => {
  test('shows no token, and is read with any of the keys', async () => {
    const path = newPath();
    await open(path, { encryptionKey: key(1) }).auth.signIn(login);
    expect(readFileSync(path, 'utf8')).not.toMatch(/S3CR3T/);
    const { auth } = open(path, { encryptionKey: [key(2), key(1)] });
    await auth.ready;
    expect(auth.tokens?.accessToken).toBe('S3CR3T-access');
  });

  test.each([
    ['another key', { encryptionKey: key(9) }],
    ['no key', {}],
  ])('R53: with %s it is reported and left alone until an explicit sign-in', async (_what, more) => {
    const path = newPath();
    const { auth: first } = open(path, { encryptionKey: key(1) });
    await first.signIn(login);
    first.close();
    const text = readFileSync(path, 'utf8');
    const { auth, failures } = open(path, more);
    await auth.ready;
    expect(auth.status).toBe('signed-out');
    expect(failures).toEqual([expect.stringMatching(/sealed with another key, and is left alone/)]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    await auth.signIn({ ...login, access_token: 'mine' });
    const { auth: next } = open(path, more);
    await next.ready;
    expect(next.tokens?.accessToken).toBe('mine');
  });
});

describe('R53: a file that is no entry', () => {
  test.each([
    ['somebody else’s', '{"name":"a package"}'],
    ['a text', 'something else'],
  ])('%s is reported, and left alone until an explicit sign-in', async (_what, text) => {
    const path = newPath();
    writeFileSync(path, text, { mode: 0o600 });
    const { auth, failures } = open(path);
    await auth.ready;
    expect([auth.status, failures]).toEqual(['signed-out', [expect.stringMatching(/left alone/)]]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    await auth.signIn(login);
    expect(readFileSync(path, 'utf8')).toContain('S3CR3T-access');
  });

  test('one that becomes so while a session runs is reported and replaced, and the session goes on', async () => {
    const path = newPath();
    const { auth, failures } = open(path);
    await auth.signIn(login);
    writeFileSync(path, 'something else');
    await expect.poll(() => failures[0]).toMatch(/is damaged, and is replaced/);
    await auth.refresh();
    await expect.poll(() => readFileSync(path, 'utf8')).toContain('"evertoken":1');
    expect(auth.tokens?.accessToken).toBe('S3CR3T-new');
  });

  test('one that a later version of this package writes meanwhile is reported and left alone', async () => {
    const path = newPath();
    const { auth, failures } = open(path);
    await auth.signIn(login);
    const later = '{"evertoken":2,"session":{}}';
    writeFileSync(`${path}.later`, later, { mode: 0o600 });
    renameSync(`${path}.later`, path);
    await expect.poll(() => failures[0]).toMatch(/is left alone/);
    await auth.refresh().catch(() => {});
    expect(readFileSync(path, 'utf8')).toBe(later);
    await auth.signIn({ ...login, access_token: 'mine' });
    expect(readFileSync(path, 'utf8')).toContain('mine');
  });

  test('a place that others come to own while a session runs is told, with what to do; the session goes on', async () => {
    const path = newPath();
    const { auth, failures } = open(path);
    await auth.signIn(login);
    chmodSync(dirname(path), 0o777);
    await auth.refresh().catch(() => {});
    expect(failures.join()).toMatch(/others may write there.*chmod 700/);
    expect(auth.status).toBe('signed-in');
  });
});

describe('a mistake is named at once', () => {
  test('R73: a name that is no name of a file', () => {
    expect(() => fileStore('../tool', { path: newPath() })).toThrow(/no name of a file/);
  });

  test.each<[string, object, RegExp]>([
    ['an unknown option', { folder: '/tmp' }, /fileStore\.folder/],
    ['an empty path', { path: '' }, /fileStore\.path is empty/],
    ['a path with a zero byte', { path: '/tmp/a\0b' }, /zero byte/],
    [
      'a key that is a text',
      { path: '/nowhere/x', encryptionKey: 'secret' },
      /encryptionKey is string; expected 32 bytes/,
    ],
    [
      'a key that is an empty text',
      { path: '/nowhere/x', encryptionKey: '' },
      /encryptionKey is empty; expected 32/,
    ],
    ['a key that is short', { path: '/nowhere/x', encryptionKey: new Uint8Array(16) }, /has 16 bytes/],
    ['no key at all', { path: '/nowhere/x', encryptionKey: [] }, /at least one key/],
  ])('%s is a TypeError', (_what, options, message) => {
    expect(() => fileStore('tool', options)).toThrow(TypeError);
    expect(() => fileStore('tool', options)).toThrow(message);
  });

  test.each([
    [null, 'null'],
    [5, 'number >= 0'],
    [[], 'array'],
  ])('the options %o are a TypeError', (options, what) => {
    expect(() => fileStore('tool', options as never)).toThrow(
      new TypeError(`evertoken: fileStore.options is ${what}; expected object`),
    );
  });

  test('R71: without a home there is no place that the user has chosen', () => {
    vi.stubEnv('XDG_DATA_HOME', 'data');
    vi.spyOn(process, 'platform', 'get').mockReturnValue('linux');
    expect(() => fileStore('tool')).toThrow(/data\/evertoken\/tool\.json: it is no absolute path/);
  });

  test('a path that is a link or a folder, a folder that others may write to', () => {
    const folder = createFolder();
    symlinkSync('/etc/hostname', join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    expect(() => fileStore('tool', { path: join(folder, 'link') })).toThrow(/it is a link/);
    expect(() => fileStore('tool', { path: join(folder, 'folder') })).toThrow(/it is no file/);
    chmodSync(folder, 0o777);
    expect(() => fileStore('tool', { path: join(folder, 'new') })).toThrow(/chmod 700/);
  });
});

test('R37: what a page or a package put on Object.prototype is no path and no key', async () => {
  const [path, other] = [newPath(), newPath()];
  const store = await polluted({ encryptionKey: 'x', path: other }, () => {
    fileStore('polluted', {});
    return fileStore('tool', { path });
  });
  const refresh = async () => ({ access_token: 'S3CR3T-new', expires_in: 3_600 });
  const auth = createTokenManager({ refresh, allow: 'https://api.example.com', store });
  onTestFinished(() => auth.close());
  await auth.signIn(login);
  expect([readFileSync(path, 'utf8').includes(login.refresh_token), existsSync(other)]).toEqual([
    true,
    false,
  ]);
});
