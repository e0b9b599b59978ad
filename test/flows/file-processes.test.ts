/** A file as a store: what its port promises, in processes that share it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { StorePort } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { afterAll, beforeAll } from 'vitest';
import { runner } from '../store/parts.ts';
import { bundle, type Program, startProgram } from '../support/fleet/program.ts';
import { type Ask, createRemotePort } from '../support/worker-remote.ts';

let folder = '';
let program = '';
let path = '';
let tests = 0;
/** They serve one test after the other. */
const idle: Program[] = [];
let busy = new Map<StorePort, Program>();
const askOf = (port: StorePort) => busy.get(port)?.ask as Ask;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evertoken-file-'));
  const contents = `import { createFilePort } from ${JSON.stringify(resolve('src/node/file-store.ts'))};
    import { work } from ${JSON.stringify(resolve('test/support/port-process.ts'))};
    work(createFilePort);`;
  program = await bundle(contents, folder);
});
afterAll(async () => {
  await Promise.all(idle.map((one) => one.kill()));
  await rm(folder, { recursive: true });
});

describeStore(
  'a file, in processes,',
  {
    says: { watch: true, lock: true },
    reset() {
      path = join(folder, `${++tests}`, 'session.json');
    },
    async open() {
      const one = idle.pop() ?? startProgram(`${idle.length + busy.size}`, [process.execPath, program]);
      await one.ask('open', path);
      const port = await createRemotePort(one.ask as Ask);
      busy.set(port, one);
      return port;
    },
    async close() {
      const all = [...busy.entries()];
      await Promise.all(all.map(([port]) => askOf(port)('unwatch')));
      busy = new Map();
      idle.push(...all.map(([, one]) => one));
    },
    async kill(port) {
      const one = busy.get(port);
      busy.delete(port);
      await one?.kill();
    },
    damage: {
      'half an entry': () => writeFile(path, '{"evertoken":1,"id":"'),
      nothing: () => writeFile(path, ''),
      zeros: () => writeFile(path, '\0'.repeat(100)),
      'another text': () => writeFile(path, 'something else'),
    },
    race: (ports, times) => Promise.all(ports.map((port) => askOf(port)('increment', times))),
  },
  runner,
);
