/** Tells when a file may have been replaced. Keeps no process alive. */
import { type FSWatcher, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname } from 'node:path';
import { makeFolder } from './place.ts';

/** How often the file is looked at where its folder cannot be watched (ms). */
const INTERVAL = 2_000;

/** Answers its own undo. */
export function watchPath(path: string, listener: () => void): () => void {
  const name = basename(path);
  const folder = dirname(path);
  let watcher: FSWatcher | undefined;
  let isOver = false;
  const look = () => listener();

  /** What is not local, a folder that is gone, a system that watches too many. */
  function lookOften(): void {
    watcher?.close();
    if (!isOver) watchFile(path, { persistent: false, interval: INTERVAL }, look);
  }

  try {
    makeFolder(path);
    watcher = watch(folder, { persistent: false }, (_event, changed) => {
      if (isOver) return;
      if (changed === null || changed === name) listener();
      // The folder itself.
      else if (changed === basename(folder)) {
        lookOften();
        listener();
      }
    });
    watcher.on('error', () => {
      lookOften();
      listener();
    });
  } catch {
    lookOften();
  }
  return () => {
    isOver = true;
    watcher?.close();
    unwatchFile(path, look);
  };
}
