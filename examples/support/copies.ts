/** Copies of a tool: processes that run the same file, whose lines are read, and whose night is as long as one likes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Copy {
  /** Waits for a line that fits. */
  next(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until it has ended by itself; gives what it has printed. */
  end(): Promise<string[]>;
  /** Its clock moves on, as if its machine had slept; then it wakes. */
  wake(milliseconds: number): void;
}

export function startCopy(file: string, environment: Record<string, string>): Copy {
  const child: ChildProcess = fork(file, { env: { ...process.env, ...environment }, silent: true });
  child.stderr?.pipe(process.stderr);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const look of waiting) look();
  };
  if (child.stdout) {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      tell();
    });
  }
  const ended = once(child, 'close') as Promise<[code: number | null]>;
  ended.then(tell);
  return {
    next: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
          if (found) resolve(found);
          else if (child.exitCode !== null) reject(new Error(`It ended before it said ${pattern}: ${lines}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    async end() {
      const [code] = await ended;
      if (code !== 0) throw new Error(`It ended with ${code}: ${lines}`);
      return lines;
    },
    wake: (milliseconds) => void child.send(milliseconds),
  };
}

/** In a copy: the lid is closed, and opened again when `wake` is called. Without anybody who does that it is a blink. */
export async function sleepUntilWoken(): Promise<void> {
  if (!process.send) return;
  console.log('asleep');
  const [milliseconds] = (await once(process, 'message')) as [number];
  moveClock(milliseconds);
  process.disconnect();
}

/** Timers know nothing of it, as after a sleep. */
export function moveClock(milliseconds: number): void {
  const { now } = Date;
  Date.now = () => now() + milliseconds;
}
