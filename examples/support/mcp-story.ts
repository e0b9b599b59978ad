/** What examples/mcp-client.ts goes through: a sign-in, five copies at once, and a sleep of two days from which all wake. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAuthorizationServer } from '../demo/authorization-server.ts';
import { walkThroughPages } from '../demo/sign-in.ts';
import { type Copy, moveClock, startCopy } from './copies.ts';
import { startMcpServer } from './mcp-server.ts';

const DAY = 86_400_000;

export async function playMcp(file: string): Promise<void> {
  const server = await startAuthorizationServer({
    accessTokenLifetime: 3600,
    refreshTokenLifetime: 30 * 86_400,
  });
  const mcp = await startMcpServer(server);
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-mcp-'));
  const start = () => startCopy(file, { MCP_SERVER: mcp.url, SESSION: join(folder, 'session') });
  try {
    const first = start();
    await signIn(first);
    const copies = [first, ...Array.from({ length: 4 }, start)];
    await Promise.all(copies.map((copy) => copy.next(/^asleep$/)));
    console.log('5 copies are at work, and fall asleep');

    const before = server.stats.refreshes;
    moveClock(2 * DAY);
    for (const copy of copies) copy.wake(2 * DAY);
    const lines = await Promise.all(copies.map((copy) => copy.end()));
    const answers = lines
      .flat()
      .filter((line) => line.startsWith('answered') && line.includes('alice')).length;
    const refreshes = server.stats.refreshes - before;
    console.log(
      `5 copies, two days later: ${answers} answers of 10, refreshes: ${refreshes}, reuse: ${server.stats.reuse}`,
    );
  } finally {
    await Promise.all([mcp.close(), server.close(), rm(folder, { recursive: true })]);
  }
}

/** The user, at the page that the copy has named, and back at its port. */
async function signIn(copy: Copy): Promise<void> {
  const [, page = ''] = await copy.next(/^Open (\S+)$/);
  const back = `${new URL(page).searchParams.get('redirect_uri')}`;
  const answer = await fetch(await walkThroughPages(new URL(page), back));
  console.log(`the browser shows: ${await answer.text()}`);
  await copy.next(/^signed in$/);
}
