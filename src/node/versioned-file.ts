/** A file that is replaced in one step between processes, and that nobody who comes too late can put back. */
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { after } from '../platform/timers.ts';
import { createId, digest, ID } from './ids.ts';
import { checkFile, checkFolder, makeFolder } from './place.ts';

/*
 * Whoever wants to follow the file `x` writes a draft, and links it to the name of the claim of `x`: of all drafts one
 * gets that name. If `x` is still there after that, the draft is its successor, and whoever meets the claim may move the
 * draft into its place. A draft moves once, and its name is never used again: so nobody has to wait for a process that
 * stands still, and one that wakes has nothing left to move.
 */

export interface Content {
  readonly version: string;
  readonly value: string;
}

/** What is in the place, by the id it was written with. */
export interface Loaded extends Content {
  readonly id: string;
  /** One of ours: what else is there is no envelope, and its value is empty. */
  readonly isOurs: boolean;
  /** It begins as one of ours does, or is empty, as a file may be after a loss of power. */
  readonly isBroken: boolean;
  /** A later version of this package has written it. */
  readonly isNewer: boolean;
}

export interface VersionedFile {
  readonly path: string;
  load(): Promise<Loaded | undefined>;
  /** Writes `next` if the version is still that one; `undefined`: if there is no file. Answers whether it did. */
  replace(version: string | undefined, next: Content): Promise<boolean>;
  /** Moves the draft that has the claim of this file into its place, if its process has not come to it. */
  help(current: Loaded): Promise<void>;
}

/** No entry is longer; who named another file by mistake does not wait for it. */
const LONGEST = 4 * 2 ** 20;

const FORMAT = 1;

/** The outcome; `undefined` where it fails with one of these codes. */
async function unless<T>(codes: string, run: Promise<T>): Promise<T | undefined> {
  try {
    return await run;
  } catch (error) {
    if (codes.split(' ').includes(`${(error as NodeJS.ErrnoException).code}`)) return undefined;
    throw error;
  }
}

/** Answers whether there was one. */
export const remove = async (path: string): Promise<boolean> =>
  (await unless(
    'ENOENT',
    unlink(path).then(() => true),
  )) ?? false;

export const claimOf = (path: string, id: string): string => `${path}.${id}.next`;

const draftOf = (path: string, id: string): string => `${path}.${id}`;

const isId = new RegExp(`^${ID}$`);

function parse(text: string): Loaded {
  let isNewer = false;
  try {
    const { evertoken, id, version, value } = JSON.parse(text);
    const isWhole = isId.test(id) && typeof version === 'string' && typeof value === 'string';
    if (evertoken === FORMAT && isWhole)
      return { id, version, value, isOurs: true, isBroken: false, isNewer };
    isNewer = evertoken > FORMAT;
  } catch {} // what JSON.parse throws quotes the text
  const id = digest(text);
  const isBroken = !text.replaceAll('\0', '') || text.startsWith(`{"evertoken":${FORMAT},`);
  return { id, version: id, value: '', isOurs: false, isBroken, isNewer };
}

async function readWhole(path: string, file: FileHandle): Promise<string> {
  const stats = await file.stat();
  checkFile(path, stats);
  return stats.size > LONGEST ? `${stats.size}` : file.readFile('utf8');
}

/** Whatever lies there is not waited for, and a link is not followed. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

async function load(path: string): Promise<Loaded | undefined> {
  const file = await unless('ENOENT ELOOP', open(path, flags));
  if (!file) {
    const stats = await unless('ENOENT', lstat(path));
    if (stats) checkFile(path, stats);
    return undefined;
  }
  try {
    return parse(await readWhole(path, file));
  } finally {
    await file.close();
  }
}

/** Writes a file of its own, on the disk before anybody can find it. */
async function writeDraft(path: string, isDurable: boolean, next: Content): Promise<string> {
  const id = createId();
  const draft = draftOf(path, id);
  const file = await open(draft, 'wx', 0o600);
  try {
    const { version, value } = next;
    await file.writeFile(JSON.stringify({ evertoken: FORMAT, id, version, value }));
    if (isDurable) await file.sync();
  } catch (error) {
    await remove(draft).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  return draft;
}

/** The names of the folder, too, are on the disk; Windows knows no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await unless('EISDIR EPERM EACCES', open(folder, 'r'));
  try {
    await unless('EINVAL EPERM ENOTSUP EISDIR', handle?.sync() ?? Promise.resolve());
  } finally {
    await handle?.close();
  }
}

/** Of the same folder. On Windows whoever scans for viruses may have the file open for a moment. */
async function move(from: string, to: string, tries = 5): Promise<boolean> {
  try {
    return (
      (await unless(
        'ENOENT',
        rename(from, to).then(() => true),
      )) ?? false
    );
  } catch (error) {
    if (!tries || !/^(?:EPERM|EBUSY|EACCES)$/.test(`${(error as NodeJS.ErrnoException).code}`)) throw error;
    await new Promise<void>((resolve) => void after(20, resolve));
    return move(from, to, tries - 1);
  }
}

/** @param isDurable - What was replaced is on the disk before that is said. */
export function createVersionedFile(path: string, isDurable = true): VersionedFile {
  const folder = dirname(path);
  const isStill = async (id: string) => (await load(path))?.id === id;
  const done = async () => {
    if (isDurable) await syncFolder(folder);
    return true;
  };

  /** Answers whether the draft has got a name that one alone can have. */
  async function take(draft: string, name: string): Promise<boolean> {
    try {
      return (
        (await unless(
          'EEXIST',
          link(draft, name).then(() => true),
        )) ?? false
      );
    } catch (error) {
      await remove(draft);
      throw error;
    }
  }

  async function begin(draft: string): Promise<boolean> {
    const isFirst = await take(draft, path);
    await remove(draft);
    return isFirst && done();
  }

  async function follow(current: Loaded, draft: string): Promise<boolean> {
    const claim = claimOf(path, current.id);
    if (!(await take(draft, claim))) {
      await help(current);
      await remove(draft);
      return false;
    }
    // Who has slept may have claimed what is long gone; unless somebody has moved the draft meanwhile.
    if (!(await isStill(current.id)) && (await remove(draft))) {
      await remove(claim);
      return false;
    }
    // One that is gone has been moved, too.
    await move(draft, path);
    await remove(claim);
    return done();
  }

  async function help(current: Loaded): Promise<void> {
    const claim = claimOf(path, current.id);
    const next = await load(claim);
    // What is claimed while the file is there follows it.
    if (!next || !(await isStill(current.id))) return;
    await move(draftOf(path, next.id), path);
    // Moved by now, or cleared away by hand: then nothing will ever come of the claim.
    await remove(claim);
  }

  return {
    path,
    help,
    async load() {
      const stats = await unless('ENOENT', stat(folder));
      if (stats) checkFolder(folder, stats);
      return load(path);
    },
    async replace(version, next) {
      makeFolder(path);
      checkFolder(folder, await stat(folder));
      const current = await load(path);
      if (current?.version !== version) return false;
      const draft = await writeDraft(path, isDurable, next);
      return current ? follow(current, draft) : begin(draft);
    },
  };
}
