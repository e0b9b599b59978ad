/** Places that are refused because others could read the session, or replace it. */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { checkFile, checkPlace, makeFolder } from '../../src/node/place.ts';
import { createFolder } from '../support/folder.ts';

/** A file of the user's own in a folder of their own. */
function createPlace(): string {
  const path = join(createFolder(), 'session.json');
  writeFileSync(path, '{}', { mode: 0o600 });
  return path;
}

const isRoot = process.geteuid?.() === 0;

describe('a place is fine', () => {
  test.each([
    ['of the user’s own', createPlace],
    ['whose file is still to come', () => join(createFolder(), 'session.json')],
    ['whose folder is still to come', () => join(createFolder(), 'a', 'b', 'session.json')],
    [
      'that others may look into: they cannot read the file',
      () => {
        const path = createPlace();
        chmodSync(dirname(path), 0o755);
        return path;
      },
    ],
    [
      'that a link leads to, if it is safe itself',
      () => {
        const path = createPlace();
        const link = join(createFolder(), 'link');
        symlinkSync(dirname(path), link);
        return join(link, 'session.json');
      },
    ],
  ])('%s', (_what, create) => {
    expect(() => checkPlace(create())).not.toThrow();
  });
});

describe('a place is refused, with what to do about it', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    [
      'others may write to its folder',
      (path) => chmodSync(dirname(path), 0o777),
      /others may write there \(mode 777\).*chmod 700/,
    ],
    ['its group may', (path) => chmodSync(dirname(path), 0o770), /mode 770.*chmod 700/],
    [
      'others may, with the sticky bit',
      (path) => chmodSync(dirname(path), 0o1777),
      /mode 1777.*session\. Take a folder of your own/,
    ],
    ['others may read its file', (path) => chmodSync(path, 0o644), /mode 644.*sign out.*chmod 600/],
    ['its group may write its file', (path) => chmodSync(path, 0o620), /mode 620.*chmod 600/],
  ])('%s', (_what, spoil, message) => {
    const path = createPlace();
    spoil(path);
    expect(() => checkPlace(path)).toThrow(message);
  });

  test('everybody may replace a folder above it', () => {
    const parent = createFolder();
    mkdirSync(join(parent, 'own'), { mode: 0o700 });
    chmodSync(parent, 0o777);
    expect(() => checkPlace(join(parent, 'own', 'x'))).toThrow(/everybody may replace it.*chmod o-w/);
    const link = join(createFolder(), 'link');
    symlinkSync(parent, link);
    for (const path of [join(parent, 'to', 'come', 'x'), join(link, 'to', 'come', 'x')])
      expect(() => checkPlace(path)).toThrow(/everybody may replace it/);
    chmodSync(parent, 0o1777);
    for (const path of [join(parent, 'own', 'x'), join(link, 'to', 'come', 'x')])
      expect(() => checkPlace(path)).not.toThrow();
  });

  test('it lies in whatever folder a process works in: its platform names none', () => {
    expect(() => checkPlace(join('.local', 'share', 'x'))).toThrow(/no absolute path\. Set HOME/);
  });

  test('its file is a link, a folder or no file', () => {
    const folder = createFolder();
    symlinkSync('/etc/hostname', join(folder, 'link'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'file'), '', { mode: 0o600 });
    for (const name of ['link', 'dangling'])
      expect(() => checkPlace(join(folder, name))).toThrow(/it is a link.*Name the file it leads to/);
    expect(() => checkPlace(join(folder, 'folder'))).toThrow(/it is no file/);
    expect(() => checkPlace(join(folder, 'file', 'x'))).toThrow();
  });

  test('it cannot be looked at: a file stands above it, or a circle of links', () => {
    const folder = createFolder();
    writeFileSync(join(folder, 'file'), '', { mode: 0o600 });
    symlinkSync('circle', join(folder, 'circle'));
    expect(() => checkPlace(join(folder, 'file', 'folder', 'x'))).toThrow(/ENOTDIR.*another `path`/);
    expect(() => checkPlace(join(folder, 'circle', 'x'))).toThrow(/ELOOP.*another `path`/);
  });

  test('its folder is a link that leads nowhere', () => {
    const link = join(createFolder(), 'link');
    symlinkSync('nowhere', link);
    expect(() => checkPlace(join(link, 'x'))).toThrow(/leads nowhere\. Make the folder/);
  });

  test('its name leaves no room for those beside it', () => {
    const folder = createFolder();
    expect(() => checkPlace(join(folder, '東'.repeat(68)))).not.toThrow();
    expect(() => checkPlace(join(folder, '東'.repeat(69)))).toThrow(/more than 205 bytes\. Take a shorter/);
  });

  test('its file has a second name, which is not the store’s own', () => {
    const path = createPlace();
    linkSync(path, join(dirname(path), 'another name'));
    expect(() => checkPlace(path)).toThrow(/it has another name/);
  });

  test.runIf(isRoot)('its folder or its file belongs to somebody else', () => {
    const path = createPlace();
    chownSync(path, 1000, 1000);
    expect(() => checkPlace(path)).toThrow(/belongs to user 1000, and this is 0/);
    chownSync(path, 0, 0);
    chownSync(dirname(path), 1000, 1000);
    expect(() => checkPlace(path)).toThrow(/belongs to user 1000, and this is 0/);
  });
});

test('where there are no users (Windows) only what it is counts', () => {
  const path = createPlace();
  chmodSync(path, 0o666);
  chmodSync(dirname(path), 0o777);
  vi.spyOn(process, 'geteuid').mockReturnValue(undefined as never);
  expect(() => checkPlace(path)).not.toThrow();
  expect(() => checkFile(dirname(path), lstatSync(dirname(path)))).toThrow('it is no file');
});

test('folders that are missing are made for their owner alone', () => {
  const path = join(createFolder(), 'a', 'b', 'session.json');
  makeFolder(path);
  for (const folder of [dirname(path), dirname(dirname(path))])
    expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test.runIf(process.platform === 'linux')(
  'where no folder can be made that is said, and not tried for ever',
  () => {
    const make = () => makeFolder('/proc/evertoken/deep/session.json');
    expect(make).toThrow(/ENOENT.*mkdir/);
  },
);
