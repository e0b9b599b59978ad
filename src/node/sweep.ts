/** Clears up what processes have left behind that were killed in the middle of a replacement. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ID, isFromHere, isOrphan } from './ids.ts';
import { remove, type VersionedFile } from './versioned-file.ts';

/** So long what another machine or container has left behind stays: nobody here knows whether its process lives (ms). */
const FOREIGN_KEPT = 24 * 3_600_000;

async function isLeft(path: string, id: string): Promise<boolean> {
  if (isFromHere(id)) return isOrphan(id);
  return Date.now() - (await stat(path)).mtimeMs > FOREIGN_KEPT;
}

/** Removes claims of what is gone, and drafts and sockets of processes that are dead. */
export async function sweep(file: VersionedFile): Promise<void> {
  const folder = dirname(file.path);
  const base = basename(file.path);
  const names = (await readdir(folder)).filter((name) => name.startsWith(base));
  // After the names were read: a claim among them is this one's, or of a file that is gone for good.
  const current = await file.load();
  if (current) await file.help(current);
  const pattern = new RegExp(`^\\.(${ID})(\\.next|\\.sock)?$`);
  for (const name of names) {
    const [, id, ending] = pattern.exec(name.slice(base.length)) ?? [];
    if (!id) continue;
    const path = join(folder, name);
    if (ending === '.next' ? id !== current?.id : await isLeft(path, id)) await remove(path);
  }
}
