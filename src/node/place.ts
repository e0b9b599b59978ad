/** Whether a place is safe to keep a session in: nobody else can read the file, or put another one there. */
import { lstatSync, mkdirSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** The user that this process acts as; Windows has none, and keeps others out of a profile by other means. */
const user = (): number | undefined => process.geteuid?.();

const modeOf = ({ mode }: Stats): string => (mode & 0o7777).toString(8);

const reject = (path: string, is: string, todo: string): never => {
  throw new Error(`evertoken: fileStore does not keep tokens in ${path}: ${is}. ${todo}`);
};

/** @throws where others may replace what is in the folder. */
export function checkFolder(folder: string, stats: Stats): void {
  if (!stats.isDirectory()) reject(folder, 'it is no folder', 'Take another `path`');
  const own = user();
  if (own === undefined) return;
  if (stats.uid !== own)
    reject(folder, `it belongs to user ${stats.uid}, and this is ${own}`, 'Take a folder of your own');
  if (stats.mode & 0o022)
    reject(
      folder,
      `others may write there (mode ${modeOf(stats)}) and replace the session`,
      // The sticky bit is that of `/tmp`, which others need.
      `${stats.mode & 0o1000 ? 'Take' : `Run: chmod 700 '${folder}', or take`} a folder of your own`,
    );
}

/** @throws where the entry is something else than a file that its owner alone can read. */
export function checkFile(path: string, stats: Stats): void {
  if (stats.isSymbolicLink())
    reject(path, 'it is a link, which could lead elsewhere', 'Name the file it leads to, or remove it');
  if (!stats.isFile()) reject(path, 'it is no file', 'Take another `path`');
  const own = user();
  if (own === undefined) return;
  if (stats.uid !== own)
    reject(path, `it belongs to user ${stats.uid}, and this is ${own}`, 'Remove it, or take another `path`');
  if (stats.mode & 0o077)
    reject(
      path,
      `others may read or write it (mode ${modeOf(stats)})`,
      `Whoever has read it has the session: sign out after you have run: chmod 600 '${path}'`,
    );
}

/** What is not there yet is made as it has to be. */
const missing = { throwIfNoEntry: false } as const;

/** A folder that all may write to lets everybody move what is theirs, and what is not: `/tmp` has the sticky bit. */
function checkParents(folder: string): void {
  for (let path = dirname(folder); ; path = dirname(path)) {
    const stats = statSync(path, missing);
    if (stats && user() !== undefined && stats.mode & 0o002 && !(stats.mode & 0o1000))
      reject(
        folder,
        `everybody may replace it, because ${path} has mode ${modeOf(stats)}`,
        `Run: chmod o-w '${path}'`,
      );
    if (path === dirname(path)) return;
  }
}

/** How many of the names that a replacement gives a file for a moment it has just now. */
function ownNamesOf(path: string, { ino }: Stats): number {
  const folder = dirname(path);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.`));
  return names.filter((name) => lstatSync(join(folder, name), missing)?.ino === ino).length;
}

/** Under another name somebody may go on reading what was replaced here. Those of a replacement come and go. */
function checkNames(path: string): void {
  for (let tries = 0; tries < 5; tries++) {
    const stats = lstatSync(path, missing);
    if (!stats || stats.nlink - 1 <= ownNamesOf(path, stats)) return;
  }
  reject(path, 'it has another name (a hard link)', 'Remove the other one');
}

/** Without links, also where it is still to come. */
function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    // A drive that is not there has no folder above it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw error;
    return join(realOf(dirname(folder)), basename(folder));
  }
}

/** Beside the file there are longer names for moments, and no file system has names of more than 255 bytes. */
const LONGEST_NAME = 205;

function check(path: string): void {
  const folder = dirname(path);
  const real = realOf(folder);
  const stats = statSync(real, missing);
  if (stats) checkFolder(folder, stats);
  else if (lstatSync(real, missing))
    reject(folder, 'it is a link that leads nowhere', 'Make the folder it leads to, or take another `path`');
  checkParents(real);
  const entry = lstatSync(path, missing);
  if (!entry) return;
  checkFile(path, entry);
  checkNames(path);
}

/**
 * Checks what is there of a place.
 *
 * @throws Error that names it and says what to do.
 */
export function checkPlace(path: string): void {
  // The next process may work in another folder, and in whose folder this is nobody knows.
  if (!isAbsolute(path))
    reject(path, 'it is no absolute path', 'Set HOME (or XDG_DATA_HOME) to one, or give `path`');
  if (Buffer.byteLength(basename(path)) > LONGEST_NAME)
    reject(path, `the name of the file has more than ${LONGEST_NAME} bytes`, 'Take a shorter one');
  try {
    check(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code) reject(path, `it cannot be looked at (${code})`, 'Take another `path`');
    throw error;
  }
}

/**
 * Makes a folder, for its owner alone, and what is missing above it. Not by `recursive`: in `/proc`, and wherever else a
 * folder is there and nothing can be made in it, Node tries for ever.
 */
function make(folder: string, isAgain = false): void {
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    if (statSync(folder, missing)?.isDirectory()) return;
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder || isAgain) throw error;
    // Another process may have made it just now.
    if (!statSync(parent, missing)) make(parent);
    make(folder, true);
  }
}

/** Makes the folder of a file. */
export const makeFolder = (path: string): void => make(dirname(path));
