/** Builds and packs the package once, and unpacks it where a user would have it installed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import manifest from '../../package.json' with { type: 'json' };

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** An empty project that has the packed package and its dependencies in `node_modules`. */
    consumer: string;
    /** The same with the optional peers. */
    peered: string;
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

  const install = (project: string, packages: object) => {
    const modules = join(folder, project, 'node_modules');
    mkdirSync(modules, { recursive: true });
    run('tar', '-xzf', tarball, '-C', modules);
    renameSync(join(modules, 'package'), join(modules, manifest.name));
    for (const name of Object.keys(packages)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(resolve('node_modules', name), join(modules, name), 'junction');
    }
    return join(folder, project);
  };

  const { dependencies, peerDependencies } = manifest;
  project.provide('tarball', tarball);
  project.provide('consumer', install('consumer', dependencies));
  // Those of React are a package of their own; an app renders with react-dom.
  const others = { '@types/react': '', 'react-dom': '' };
  project.provide('peered', install('peered', { ...dependencies, ...peerDependencies, ...others }));
  return () => rmSync(folder, { recursive: true, force: true });
}
