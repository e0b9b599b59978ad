/** Runs a program in a project that has the packed package. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** The Node that runs this test runs a file of the project's; answers what it prints. */
export function node(name: string, text: string, cwd = inject('consumer'), ...options: string[]): string {
  writeFileSync(join(cwd, name), text);
  return execFileSync(process.execPath, [...options, name], {
    cwd,
    encoding: 'utf8',
    // Tools choose by what the runner of this test says of itself.
    env: { ...process.env, NODE_ENV: undefined, VITEST: undefined },
    timeout: 30_000,
  }).trim();
}
