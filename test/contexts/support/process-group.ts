/** A program and all that it starts, in a folder of its own: nothing of it is left behind. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const limits = { start: 45_000, end: 3_000 };

/** A shell that becomes the program; it asks the group to end when its input does, as it does when we are killed. */
const guard = 'exec 9<&0; { read -r _ <&9; kill 0; } & exec "$@" 9<&- </dev/null';

/** The command under the guard, to be started as it is or by another program. */
export const guarded = (...command: string[]): string[] => ['sh', '-c', guard, 'sh', ...command];

export interface ProcessGroup {
  /** Says why, when the start is given up. */
  readonly abandoned: AbortSignal;
  /** The first match in what is written to the standard error. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Asks all to end, gives them some time, kills who is left, removes the folder. */
  end(): Promise<void>;
}

/** What to start, in an empty folder that is its home, its working directory, and holds its temporary files. */
export interface Start {
  /** For the errors. */
  name: string;
  command: (folder: string) => string[] | Promise<string[]>;
  env?: Record<string, string>;
  /** Milliseconds that it may need to be ready. @default 45_000 */
  limit?: number;
}

/** Starts a program and answers what `connect` makes of it; where that fails or takes too long, all is ended. */
export async function startGroup<T>(start: Start, connect: (group: ProcessGroup) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-'));
  const [program = '', ...args] = await start.command(folder);
  const child = spawn(program, args, {
    detached: true,
    // The last one is for nothing but to be inherited: it is closed when nobody is left.
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { ...process.env, HOME: folder, TMPDIR: folder, ...start.env },
  }) as ChildProcessByStdio<Writable, null, Readable>;
  const ended = once(child, 'exit');
  const gone = once(child, 'close');
  const abandoned = new AbortController();
  const errors = listen(child.stderr);

  async function end(): Promise<void> {
    child.stdin.end();
    await Promise.race([gone.catch(() => {}), sleep(limits.end, undefined, { ref: false })]);
    killGroup(child.pid);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
  async function failed(): Promise<never> {
    const { limit = limits.start } = start;
    const [code, signal] = await Promise.race([ended, sleep(limit, [], { ref: false })]);
    const why = code ?? signal;
    const what = why === undefined ? `is not ready after ${limit} ms` : `ended with ${why}`;
    throw new Error(`${start.name} ${what}: ${errors.text()}`);
  }
  try {
    return await Promise.race([connect({ abandoned: abandoned.signal, said: errors.said, end }), failed()]);
  } catch (error) {
    abandoned.abort(error);
    await end();
    throw error;
  }
}

function listen(stream: Readable) {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return {
    text: () => text,
    async said(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(text);
        if (match) return match;
        await once(stream, 'data');
      }
    },
  };
}

function killGroup(leader: number | undefined): void {
  if (!leader) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}
