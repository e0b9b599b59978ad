/** Fills `docs/performance.md` and draws `docs/charts/` from `bench/results/`. With `--check` it only compares the text. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benches } from './support/benches.mjs';
import { root } from './support/build.mjs';
import { drawChecks, hold } from './support/checks.mjs';
import { readResult } from './support/results.mjs';
import { markdownTable } from './support/table.mjs';

const isCheck = process.argv.includes('--check');
const file = join(root, 'docs/performance.md');
const folder = join(root, 'docs/charts');

const results = benches.map(readResult).filter(Boolean);

function circumstances() {
  const columns = ['bench', 'date', 'commit', 'Node', 'machine', 'load before', 'took s', 'plan'];
  const rows = results.map(
    ({ bench, date, commit, isChanged, node, processor, processors, memoryGB, load, seconds, plan }) => [
      bench,
      date.slice(0, 16).replace('T', ' '),
      `${commit}${isChanged ? ' and changes' : ''}`,
      node,
      `${processors} × ${processor}, ${memoryGB} GB`,
      load,
      Math.round(seconds),
      plan,
    ],
  );
  return markdownTable({ title: 'Measured', columns, rows });
}

async function checks() {
  const all = [];
  for (const { bench, data } of results) {
    const { figures } = await import(`./${bench}.mjs`);
    all.push(...figures(data).map(hold));
  }
  const { columns, rows } = drawChecks(all, false);
  const title = 'What must hold, and what was measured';
  return markdownTable({ title, columns, rows });
}

function notes() {
  const all = Object.assign({}, ...results.map(({ notes }) => notes));
  return Object.entries(all)
    .map(([name, note]) => `- **${name}**: ${note}`)
    .join('\n');
}

async function part(name) {
  if (name === 'circumstances') return circumstances();
  if (name === 'checks') return checks();
  if (name === 'subjects') return notes();
  const result = results.find(({ bench }) => bench === name);
  if (!result) return `Not measured: run \`npm run bench -- ${name}\`.`;
  const { tables } = await import(`./${name}.mjs`);
  return tables(result.data).map(markdownTable).join('\n\n');
}

const text = readFileSync(file, 'utf8');
const marks = /(<!-- bench:(\w+) -->)[\s\S]*?(<!-- \/bench -->)/g;
const parts = new Map();
for (const [, , name] of text.matchAll(marks)) parts.set(name, await part(name));
const filled = text.replaceAll(
  marks,
  (_all, from, name, to) => `${from}
${parts.get(name)}
${to}`,
);

if (isCheck) {
  if (filled !== text) {
    console.error('docs/performance.md differs from bench/results/: run `npm run bench:report`.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, filled);
  const { charts } = await import('./support/charts.mjs');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { bench, data } of results) {
    for (const [name, svg] of Object.entries(charts[bench]?.(data) ?? {})) {
      writeFileSync(join(folder, `${name}.svg`), svg);
      if (!filled.includes(`(charts/${name}.svg)`))
        console.warn(`docs/performance.md does not show charts/${name}.svg`);
    }
  }
  console.log(`Filled docs/performance.md from ${results.map(({ bench }) => bench).join(', ')}.`);
}
