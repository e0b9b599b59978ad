/** The other end of such a program: answers what stands on its standard input, line by line. */
import { createInterface } from 'node:readline';

/** What `readline` takes for one line: to it these two separators end one. */
export const toLine = (message: object): string =>
  `${JSON.stringify(message).replace(/[\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16)}`)}\n`;

export function answer(acts: object): void {
  const say = (message: object) => process.stdout.write(toLine(message));
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, act, args } = JSON.parse(line) as { id: number; act: string; args: unknown[] };
    try {
      say({ id, value: await (acts as Record<string, (...args: unknown[]) => unknown>)[act]?.(...args) });
    } catch (error) {
      say({ id, error: `${error}` });
    }
  });
  say({ id: 0 });
}
