/** A process that replaces an entry as refreshes do, as fast as it can, and says what was confirmed. */
import { createFilePort } from '../../src/node/file-store.ts';
import { toLine } from './fleet/answers.ts';

export async function run(path: string): Promise<never> {
  const port = createFilePort(path);
  let made = 0;

  /** One more, unless another process comes first. A lease is an entry with the same number. */
  async function step(isLease: boolean): Promise<void> {
    const found = await port.read();
    const count = Number(found?.value.split(' ')[0] ?? 0) + (isLease ? 0 : 1);
    // As long as tokens are.
    const value = `${count} ${'x'.repeat(2_000)} end`;
    const version = `${process.pid} ${process.hrtime.bigint()} ${++made}`;
    if (await port.replace(found?.version, { version, value }, isLease))
      process.stdout.write(toLine({ id: 1, value: count }));
  }

  process.stdout.write(toLine({ id: 0 }));
  for (;;) {
    await step(true);
    await step(false);
  }
}
