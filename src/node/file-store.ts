/** A store in a file: one session for all processes of a user on one machine. */
import { resolve } from 'node:path';
import { checkMembers } from '../check.ts';
import { named } from '../development.ts';
import { encrypted } from '../store/encrypted.ts';
import { tokenStore } from '../store/token-store.ts';
import type { EncryptionKey, StoreEntry, StorePort, TokenStore } from '../types.ts';
import { checkName } from './check-name.ts';
import { defaultPath } from './default-path.ts';
import { createLock } from './lock.ts';
import { watchPath } from './news.ts';
import { checkPlace } from './place.ts';
import { sweep } from './sweep.ts';
import { createVersionedFile, type Loaded } from './versioned-file.ts';

export interface FileStoreOptions {
  /**
   * The file of the entry. Its folder is made where it is missing (mode 0700), and belongs to the user alone.
   *
   * @default `<name>.json` in the platform's folder for data: `~/.local/share/evertoken` (or `$XDG_DATA_HOME`),
   * `~/Library/Application Support/evertoken`, `%LOCALAPPDATA%\evertoken\Data`
   */
  path?: string | undefined;
  /**
   * 32 bytes, or a `CryptoKey` for AES-GCM: the file then shows no token. Of several the first one writes and all read.
   *
   * @default tokens stand in the file as they are, and its mode protects them
   */
  encryptionKey?: EncryptionKey | readonly EncryptionKey[] | undefined;
}

/** To whoever reads it, an entry of somebody else's: it is reported, and left alone until a sign-in or sign-out. */
const foreign = JSON.stringify({ format: 'not a session of evertoken' });

/** The port of one file. */
export function createFilePort(path: string): StorePort {
  const entry = createVersionedFile(path);
  const lockFile = createVersionedFile(`${path}.lock`, false);
  /** It is known to be a file of ours: what is found in it later, and is no entry, is damage. */
  let isOurs = false;
  let isSwept = false;

  function read(found: Loaded): StoreEntry {
    isOurs ||= found.isOurs;
    const { version, value, isBroken, isNewer } = found;
    return { version, value: (isOurs && !isNewer) || isBroken ? value : foreign };
  }

  /** Nobody waits for it, and the next one does what this one cannot. */
  function clearUp(): void {
    if (isSwept) return;
    isSwept = true;
    for (const file of [entry, lockFile]) sweep(file).catch(() => {});
  }

  return {
    async read() {
      const found = await entry.load();
      return found && read(found);
    },
    async replace(version, next) {
      const isDone = await entry.replace(version, next);
      isOurs ||= isDone;
      clearUp();
      return isDone;
    },
    watch: (listener) => watchPath(path, listener),
    lock: createLock(lockFile),
  };
}

/**
 * Keeps the session in a file, for all processes of one user on one machine: they refresh once, and a sign-in or
 * sign-out in one reaches the others. The file has mode 0600 in a folder of mode 0700, and is replaced as a whole: a
 * reader finds the old or the new entry, also after `kill -9`, a full disk or a loss of power.
 *
 * A process that dies while it refreshes holds the others up for no longer than its request may be on the way. On
 * network folders nothing is promised.
 *
 * @param name - Of the session, and of its file. One tool needs one, and so does each of its accounts.
 * @throws TypeError for a name that is no name of a file, an unknown option, a key of another kind or length.
 * @throws Error where others could read the file or put another one in its place: a folder that others may write to, a
 * link, a file of somebody else's; and where the platform names no folder. It says what to do. If that comes later, it is told by `store-failed`.
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 * import { fileStore } from 'evertoken/node';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'tool' }),
 *   allow: 'https://api.example.com',
 *   store: fileStore('tool'),
 * });
 */
export function fileStore(name: string, options: FileStoreOptions = {}): TokenStore {
  checkMembers('fileStore', { options }, { options: 'object' });
  const { path: given, encryptionKey } = checkMembers<FileStoreOptions>(
    'fileStore',
    { ...options },
    { path: 'string or undefined', encryptionKey: 'object or array or string or empty or undefined' },
  );
  checkName(name);
  const path = given === undefined ? defaultPath(name) : resolve(given);
  if (path.includes('\0')) throw new TypeError('evertoken: fileStore.path has a zero byte; expected a path');
  checkPlace(path);
  const port = createFilePort(path);
  const store = tokenStore(
    encryptionKey === undefined ? port : encrypted(port, `file ${name}`, encryptionKey),
  );
  return __DEVELOPMENT__ ? named(store, `file ${path}`) : store;
}
