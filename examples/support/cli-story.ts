/** What examples/cli.ts goes through: a first run, a second one, and ten copies that start when the token has expired. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi } from '../demo/api.ts';
import { startAuthorizationServer } from '../demo/authorization-server.ts';
import { enterCode } from '../demo/enter-code.ts';
import { startCopy } from './copies.ts';

export async function playCli(file: string): Promise<void> {
  const server = await startAuthorizationServer({ accessTokenLifetime: 2 });
  const api = await startApi(server);
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-cli-'));
  const start = () =>
    startCopy(file, { ISSUER: server.issuer, API: api.url, SESSION: join(folder, 'session') });
  try {
    const first = start();
    const [said, page = '', code = ''] = await first.next(/^Open (\S+) and enter (\S+)$/);
    console.log(`first run: ${said}`);
    await enterCode(page, code);
    console.log(`first run: ${(await first.end()).slice(1).join(', ')}`);
    console.log(`second run: ${(await start().end()).join(', ')}`);

    // What is issued from here on outlives the example, so that a slow machine refreshes no more often.
    server.accessTokenLifetime = 3600;
    await sleep(2000);
    const before = server.stats.refreshes;
    const copies = await Promise.all(Array.from({ length: 10 }, () => start().end()));
    const answers = copies.filter((lines) => lines.includes('answered 200')).length;
    const refreshes = server.stats.refreshes - before;
    console.log(
      `10 copies at once: ${answers} answers, refreshes: ${refreshes}, reuse: ${server.stats.reuse}`,
    );
  } finally {
    await Promise.all([api.close(), server.close(), rm(folder, { recursive: true })]);
  }
}
