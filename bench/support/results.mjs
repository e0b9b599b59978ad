/** The JSON files of `bench/results/`, and what they say of the machine and the build. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { root } from './build.mjs';

const folder = fileURLToPath(new URL('../results/', import.meta.url));
const fileOf = (name) => `${folder}${name}.json`;

function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** What a reader has to know to believe a figure. */
export function circumstances() {
  const changed = git('status', '--porcelain', '--', 'src', 'package.json', 'package-lock.json');
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD') || undefined,
    isChanged: changed !== '',
    node: process.versions.node,
    processor: cpus()[0]?.model.trim(),
    processors: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    /** Of the minute before: above the number of processors the figures are not worth much. */
    load: Math.round(loadavg()[0] * 100) / 100,
  };
}

/** Digits that mean nothing are left away. */
const round = (_key, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;

export function writeResult(name, result) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(name), `${JSON.stringify(result, round, 2)}\n`);
}

export const readResult = (name) =>
  existsSync(fileOf(name)) ? JSON.parse(readFileSync(fileOf(name), 'utf8')) : undefined;
