/** A folder as a store: each entry is a file that is the successor of the one before, and can be made only once. */
import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreEntry, StorePort } from 'evertoken';

/** So many entries are left behind for those who are just about to read them. */
const KEPT = 20;

export function createFolderPort(folder: string): StorePort {
  const fileOf = (number: number) => join(folder, `${number}.entry`);

  async function newest(): Promise<{ number: number; entry?: StoreEntry }> {
    const numbers = (await readdir(folder))
      .filter((name) => name.endsWith('.entry'))
      .map((name) => Number.parseInt(name, 10));
    const number = Math.max(0, ...numbers);
    if (!number) return { number };
    try {
      return { number, entry: JSON.parse(await readFile(fileOf(number), 'utf8')) };
    } catch {
      return newest(); // so old by now that it was removed
    }
  }

  const channel = new BroadcastChannel(folder);
  // Node's own keeps the thread alive.
  (channel as unknown as { unref(): void }).unref();

  return {
    read: async () => (await newest()).entry,
    async replace(version, next, isQuiet) {
      const { number, entry } = await newest();
      if (entry?.version !== version) return false;
      const draft = join(folder, randomUUID());
      await writeFile(draft, JSON.stringify(next));
      try {
        // Fails where there is one: of all threads that follow this entry one comes through.
        await link(draft, fileOf(number + 1));
      } catch {
        return false;
      } finally {
        await rm(draft);
      }
      if (number > KEPT) await rm(fileOf(number - KEPT), { force: true });
      if (!isQuiet) channel.postMessage(0);
      return true;
    },
    watch(listener) {
      channel.onmessage = listener;
      return () => channel.close();
    },
  };
}
