/** The process of one bench: measures, prints tables, holds budgets, tells its parent. */

import { drawChecks, hold } from './checks.mjs';
import { loadSubjects } from './peers.mjs';
import { circumstances, writeResult } from './results.mjs';
import { drawTable } from './table.mjs';

const [name, plan] = process.argv.slice(2);
// Peers write about failures that are part of the measurement.
for (const method of ['warn', 'error', 'debug', 'info']) console[method] = () => {};
process.on('unhandledRejection', () => {});

const bench = await import(`../${name}.mjs`);
const around = circumstances();
const began = performance.now();
const subjects = await loadSubjects(plan !== 'short');
const data = await bench.measure({ subjects, plan: bench.plans[plan] });
const checks = bench.figures(data).map(hold);
const seconds = (performance.now() - began) / 1_000;

for (const table of bench.tables(data)) console.log(`${drawTable(table)}\n`);
if (checks.length) console.log(`${drawTable(drawChecks(checks, plan === 'short'))}\n`);
if (plan !== 'short') {
  const notes = Object.fromEntries(subjects.map((subject) => [subject.name, subject.note]));
  writeResult(name, { bench: name, plan, seconds, ...around, settings: bench.plans[plan], notes, data });
}
// What peers leave open does not keep us.
process.send?.(checks, () => process.exit());
if (!process.send) process.exit();
