/** Names that are made once: which process on which machine has made a file. */
import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Linux has a namespace of process numbers for each container; elsewhere there is one. */
function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

export const digest = (text: string | Uint8Array): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Where process numbers mean the same: a folder may be shared by machines and containers. */
const here = (): string => digest(`${hostname()} ${namespace()}`).slice(0, 6);

/** Unique for all time. */
export const createId = (): string => `${here()}-${process.pid}-${randomBytes(6).toString('hex')}`;

/** What an id looks like, for searches in a folder. */
export const ID = '[0-9a-f]{6}-\\d+-[0-9a-f]{12}';

export const isFromHere = (id: string): boolean => id.startsWith(`${here()}-`);

/** Whether the process that made it has ended, as far as can be told from here. */
export function isOrphan(id: string): boolean {
  if (!isFromHere(id)) return false;
  try {
    process.kill(Number(id.split('-')[1]), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
