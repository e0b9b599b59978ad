/** The real Firebase Auth emulator on free ports of loopback, and an API whose every answer asks it about the token. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { guarded, startGroup } from '../contexts/support/process-group.ts';
import { findPort } from './port.ts';

export const API_KEY = 'the-key-of-the-project';
const PROJECT = 'demo-evertoken';

export interface AuthEmulator {
  readonly origin: string;
  /** A URL of Identity Toolkit, such as that of `v1/accounts:update`. */
  url(path: string): string;
  /** Asks it without any manager, as the app's own server does with `isAdmin`. */
  post(path: string, body: object, isAdmin?: boolean): Promise<{ status: number; body: unknown }>;
  end(): Promise<void>;
}

/** @param program - Path of the command-line program of firebase-tools. */
export async function startAuthEmulator(program: string): Promise<AuthEmulator> {
  const [auth, hub, logging] = await Promise.all([findPort(), findPort(), findPort()]);
  const origin = `http://127.0.0.1:${auth}`;
  async function command(folder: string): Promise<string[]> {
    const at = (port: number) => ({ host: '127.0.0.1', port });
    const emulators = { auth: at(auth), hub: at(hub), logging: at(logging), ui: { enabled: false } };
    await writeFile(join(folder, 'firebase.json'), JSON.stringify({ emulators }));
    const args = ['emulators:start', '--only', 'auth', '--project', PROJECT];
    return guarded(process.execPath, program, ...args);
  }
  const env = { CI: '1', FIREBASE_CLI_DISABLE_UPDATE_CHECK: '1', NO_UPDATE_NOTIFIER: '1' };
  const start = { name: 'The Firebase Auth emulator', command, env, limit: 150_000 };
  return startGroup(start, async ({ abandoned, end }) => {
    const isUp = () =>
      fetch(origin).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isUp())) await sleep(100, undefined, { signal: abandoned });
    const url = (path: string) => `${origin}/identitytoolkit.googleapis.com/${path}?key=${API_KEY}`;
    return {
      origin,
      url,
      async post(path, body, isAdmin = false) {
        const headers = {
          'content-type': 'application/json',
          ...(isAdmin && { authorization: 'Bearer owner' }),
        };
        const sent = { method: 'POST', headers, body: JSON.stringify(body) };
        const target = isAdmin ? path.replace('accounts', `projects/${PROJECT}/accounts`) : path;
        const response = await fetch(isAdmin ? url(target).replace(/\?.*/, '') : url(target), sent);
        return { status: response.status, body: await response.json() };
      },
      end,
    };
  });
}

/** An API that asks the emulator about each token at once, so that it refuses one as soon as a newer password is set. */
export async function startRevokingApi({ post }: AuthEmulator) {
  const http = await listenOnLoopback();
  const stats = { accepted: 0, refused: 0 };
  http.handle(async ({ headers }, response) => {
    const idToken = headers.authorization?.replace(/^Bearer /, '');
    const { status } = await post('v1/accounts:lookup', { idToken });
    const isGood = status === 200;
    stats[isGood ? 'accepted' : 'refused']++;
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
  });
  return { url: http.origin, stats, close: http.close };
}
