/**
 * Finds firebase-tools, which is too heavy for everybody's `npm ci`: 312 MB in a folder outside this project. With
 * `EVERTOKEN_FIREBASE=required` it is installed there if it is missing, and not being able to is a failure.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the command-line program; empty: not installed. */
    firebaseTools: string;
  }
}

const VERSION = '15.34.2';
const PROGRAM = 'node_modules/firebase-tools/lib/bin/firebase.js';

/** `EVERTOKEN_FIREBASE_TOOLS` names another folder, one that npm has installed firebase-tools into. */
const folder =
  process.env['EVERTOKEN_FIREBASE_TOOLS'] ||
  join(homedir(), '.cache', 'evertoken', `firebase-tools-${VERSION}`);

/** In a folder of its own that is renamed at the end: what was broken off is not taken for installed. */
function install(): void {
  console.log(`installing firebase-tools ${VERSION} into ${folder}, which takes two minutes`);
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    writeFileSync(join(work, 'package.json'), '{ "private": true }');
    // What npm tells the scripts it runs would make this one install into the project.
    const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|init_cwd$)/i.test(name));
    const options = ['--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', `firebase-tools@${VERSION}`, ...options], {
      cwd: work,
      env: Object.fromEntries(own),
      timeout: 600_000,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export default function setup(project: TestProject): void {
  const program = join(folder, PROGRAM);
  if (process.env['EVERTOKEN_FIREBASE'] === 'required' && !existsSync(program)) install();
  project.provide('firebaseTools', existsSync(program) ? program : '');
}
