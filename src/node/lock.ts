/** The lock of a file: its holder listens on a socket that the kernel closes when it dies. */
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { abortable, after, heed } from '../platform/timers.ts';
import type { Lock } from '../types.ts';
import { createId } from './ids.ts';
import { makeFolder } from './place.ts';
import { type Loaded, remove, type VersionedFile } from './versioned-file.ts';

/*
 * A file beside the entry names that socket. Whoever finds nobody listening there may take the lock, in one step; the
 * others stay connected, so that they are told when it is free. A holder that stands still says nothing, and is not
 * waited for: the time of its lease is.
 */

/** A holder says that often that it runs (ms). */
const BEAT = 1_000;

/** What it says meanwhile, and to whom it leaves the lock. */
const [HERE, NEXT] = ['.', '!'];

/** Who has said nothing for so long stands still (ms). */
const SILENCE = 3_000;

/** So long a lock that was taken under another name of the machine is believed (ms). */
const FOREIGN_KEPT = 24 * 3_600_000;

/** A path of a socket has 104 bytes on macOS, 108 on Linux, with the zero at its end. */
const LONGEST = 103;

const isPipe = () => process.platform === 'win32';

function addressOf(path: string, id: string): string {
  if (isPipe()) return `\\\\.\\pipe\\evertoken-${id}`;
  const address = `${path}.${id}.sock`;
  if (Buffer.byteLength(address) > LONGEST) throw new Error(`${address} is too long for a socket`);
  return address;
}

/** Listens there, and lets those who wait know that this process runs. Keeps none alive. */
async function listen(address: string): Promise<() => void> {
  if (!isPipe()) makeFolder(address);
  const waiting = new Set<Socket>();
  const server: Server = createServer((socket) => {
    waiting.add(socket);
    socket.unref();
    socket.on('error', () => {}).on('close', () => waiting.delete(socket));
    socket.write(HERE);
  });
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(address, resolve));
  server.on('error', () => {}).unref();
  if (!isPipe()) await chmod(address, 0o600);
  let cancel = () => {};
  const beat = () => {
    for (const socket of waiting) socket.write(HERE);
    cancel = after(BEAT, beat);
  };
  beat();
  return () => {
    cancel();
    server.close();
    const [next, ...others] = waiting;
    next?.end(NEXT);
    for (const socket of others) socket.destroy();
  };
}

/**
 * Waits as long as somebody listens there.
 *
 * - `dead`: nobody does.
 * - `next`: it has let go, and names whoever waits here.
 * - `over`: the connection has ended, and that is all that is known.
 */
function untilOver(address: string, signal: AbortSignal): Promise<'dead' | 'next' | 'over'> {
  const socket = connect(address);
  socket.unref();
  let cancel = () => {};
  let isNext = false;
  const outcome = new Promise<'dead' | 'next' | 'over'>((resolve, reject) => {
    const wait = () => {
      cancel();
      cancel = after(SILENCE, () => reject(new Error('the holder of the lock stands still')));
    };
    wait();
    socket.on('close', () => resolve(isNext ? 'next' : 'over'));
    socket.on('data', (said) => {
      isNext ||= `${said}`.includes(NEXT);
      wait();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (/^(?:ECONNREFUSED|ENOENT)$/.test(`${error.code}`)) resolve('dead');
      else if (/^(?:ECONNRESET|EPIPE)$/.test(`${error.code}`)) resolve('over');
      else reject(error);
    });
  });
  return abortable(outcome, signal).finally(() => {
    cancel();
    socket.destroy();
  });
}

/** Those who are not next look again one after the other: meanwhile the next one has the lock. */
const pause = () => new Promise<void>((resolve) => void after(5 + Math.random() * 50, resolve, true));

interface Holder {
  readonly host: string;
  readonly address: string;
  /** When the lock was taken (ms since the epoch). */
  readonly at: number;
}

const ownerOf = ({ value }: Loaded): Holder => JSON.parse(value);

/** Waits for whoever holds it. Rejects where nobody can tell whether that lives. */
async function waitFor(current: Loaded, signal: AbortSignal): Promise<'dead' | 'next' | 'over'> {
  if (current.isBroken) return 'dead';
  if (!current.isOurs) throw new Error('somebody else has a file in the place of the lock');
  const { host, address, at } = ownerOf(current);
  if (host === hostname()) return untilOver(address, signal);
  // A machine may have another name by now; one that shares the folder is not asked.
  if (Date.now() - at < FOREIGN_KEPT) throw new Error('the lock is held on another machine');
  return 'dead';
}

/** @param file - Of the lock itself, beside the entry. */
export function createLock(file: VersionedFile): Lock {
  /** Waits until nobody holds it. Answers what is to be replaced. */
  async function untilFree(signal: AbortSignal): Promise<Loaded | undefined> {
    for (;;) {
      heed(signal);
      const current = await file.load();
      const how = current ? await waitFor(current, signal) : 'dead';
      if (how === 'dead') return current;
      if (how === 'over') await pause();
    }
  }

  /** Takes the place of whoever is dead, unless somebody else does. Answers what lets it go. */
  async function take(
    dead: Loaded | undefined,
    signal: AbortSignal,
  ): Promise<(() => Promise<void>) | undefined> {
    const id = createId();
    const address = addressOf(file.path, id);
    const close = await listen(address);
    const holder: Holder = { host: hostname(), address, at: Date.now() };
    let isTaken = false;
    try {
      heed(signal);
      isTaken = await file.replace(dead?.version, { version: id, value: JSON.stringify(holder) });
    } finally {
      if (!isTaken) close();
    }
    if (!isTaken) return undefined;
    if (dead?.isOurs && !isPipe()) await remove(ownerOf(dead).address);
    return async () => {
      // While it listens nobody takes its place, so the file is its own.
      await remove(file.path).catch(() => {});
      close();
    };
  }

  return async (task, { signal }) => {
    let free: (() => Promise<void>) | undefined;
    while (!free) free = await take(await untilFree(signal), signal);
    try {
      return await task();
    } finally {
      await free();
    }
  };
}
