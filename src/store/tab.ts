/** One tab's session: the value in `sessionStorage`, its version in IndexedDB. */
import { createId } from '../session/changes.ts';
import type { StorePort } from '../types.ts';
import type { Database, Kept } from './indexed-db.ts';

/** What a tab keeps; its duplicate starts with a copy. */
interface TabItem extends Kept {
  /** Where the version is compared. */
  readonly key: string;
  /** The version before: the page may have been left before the new one was compared. */
  readonly before?: string | undefined;
  readonly value: string;
}

/** @throws where the platform refuses. */
export const textOf = (name: string): string | null => sessionStorage.getItem(name);

/** The item of this name; `undefined` where there is none, or nonsense. */
export function loadTab(name: string): TabItem | undefined {
  try {
    const item = JSON.parse(`${textOf(name)}`);
    return typeof item.key === 'string' ? item : undefined;
  } catch {
    return undefined;
  }
}

/** Of a duplicated tab one of the two copies can never learn the newer tokens, and is dropped (R54). */
export function openTab({ visit }: Database, name: string): Pick<StorePort, 'read' | 'replace'> {
  const isNewest = (item: TabItem | undefined, found: Kept | undefined) =>
    found?.version === item?.version || found?.version === item?.before;
  const read = async () => {
    const item = loadTab(name);
    return item && isNewest(item, (await visit(item.key)).found) ? item : undefined;
  };
  return {
    read,
    async replace(version, { version: next, value }) {
      const text = textOf(name);
      const item = await read();
      if (item?.version !== version) return false;
      // A new place where the old one belongs to a newer copy.
      const key = item?.key ?? `${name} ${createId()}`;
      const { isPut } = await visit(key, { version: next }, (found) => {
        const isFit = textOf(name) === text && isNewest(item, found);
        const written: TabItem = { key, version: next, before: found?.version, value };
        if (isFit) sessionStorage.setItem(name, JSON.stringify(written));
        return isFit;
      });
      return isPut;
    },
  };
}
