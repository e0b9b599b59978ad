/** Builds and packs the package once, and unpacks it where a user would have it installed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import manifest from '../../package.json' with { type: 'json' };

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** An empty project that has the packed package and its dependencies in `node_modules`. */
    consumer: string;
  }
}

function run(command: string, ...args: string[]): void {
  // Windows finds npm's and tsup's launchers through the shell only.
  execFileSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

export default function setup(project: TestProject): () => void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'evertoken-house-')));
  run('npm', 'run', '--silent', 'build');
  run('npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'missing.tgz');

  const modules = join(folder, 'consumer', 'node_modules');
  mkdirSync(modules, { recursive: true });
  run('tar', '-xzf', tarball, '-C', modules);
  renameSync(join(modules, 'package'), join(modules, manifest.name));
  for (const name of Object.keys(manifest.dependencies)) {
    symlinkSync(resolve('node_modules', name), join(modules, name), 'junction');
  }

  project.provide('tarball', tarball);
  project.provide('consumer', join(folder, 'consumer'));
  return () => rmSync(folder, { recursive: true, force: true });
}
