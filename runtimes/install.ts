/**
 * Finds the runtimes: 750 MB that `npm ci` in this folder brings. With `EVERTOKEN_RUNTIMES=required` it is run where one is
 * missing, and not being able to is a failure.
 */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of each runtime's program; empty: not installed. */
    runtimes: Record<'node22' | 'node26' | 'bun' | 'deno' | 'workerd', string>;
  }
}

const folder = import.meta.dirname;

/** Where their packages for each platform have the program. None of their own scripts is run. */
const programs = {
  node22: 'node22-*/bin/node',
  node26: 'node26-*/bin/node',
  bun: '@oven/bun-*/bin/bun{,.exe}',
  deno: '@deno/*/deno{,.exe}',
  workerd: '@cloudflare/workerd-*/bin/workerd{,.exe}',
};

function find() {
  const paths = Object.entries(programs).map(([name, pattern]) => {
    const [path] = globSync(pattern, { cwd: join(folder, 'node_modules') });
    return [name, path ? join(folder, 'node_modules', path) : ''];
  });
  return Object.fromEntries(paths) as Record<keyof typeof programs, string>;
}

function install(): void {
  console.log('installing the runtimes, which takes a minute');
  // What npm tells the scripts it runs would make this one install into the project.
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|init_cwd$)/i.test(name));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', ...options], {
    cwd: folder,
    env: Object.fromEntries(own),
    timeout: 600_000,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

const missing = () => Object.entries(find()).flatMap(([name, path]) => (path ? [] : [name]));

export default function setup(project: TestProject): void {
  if (process.env['EVERTOKEN_RUNTIMES'] === 'required') {
    if (missing().length) install();
    if (missing().length) throw new Error(`npm ci in runtimes/ has not brought ${missing().join(', ')}`);
  }
  project.provide('runtimes', find());
}
