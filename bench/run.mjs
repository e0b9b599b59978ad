/** Runs the benches, each in a process of its own: all, or those that are named. See README.md. */
import { execFileSync, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benches } from './support/benches.mjs';
import { arePeersInstalled } from './support/peers.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** What CI runs: without peers, and not what takes long. */
const short = ['overhead', 'burst', 'crossing', 'contexts', 'memory', 'hostile', 'size'];
/** A busy machine disturbs; what is worse stays worse. */
const ATTEMPTS = 3;

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('The benches need Node 24, which npm ci brings: run them with npm run bench.');
  process.exit(2);
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
  },
});

const names = positionals.length ? positionals : flags.short ? short : benches;
const unknown = names.filter((name) => !benches.includes(name));
if (unknown.length) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}.`);
  process.exit(2);
}
if (flags.install)
  execFileSync('npm', ['ci', '--prefix', here('.'), '--no-audit', '--no-fund'], { stdio: 'inherit' });
if (!flags.short && !arePeersInstalled()) {
  console.error('The peers are not installed: run `npm ci --prefix bench`, or `npm run bench -- --install`.');
  process.exit(2);
}

/** The checks of one bench; undefined where it broke. */
function run(name, plan) {
  return new Promise((resolve) => {
    const execArgv = ['--expose-gc', '--no-warnings'];
    const child = fork(here('support/run-one.mjs'), [name, plan], { execArgv, stdio: 'inherit' });
    let checks;
    child.on('message', (message) => {
      checks = message;
    });
    child.on('exit', () => resolve(checks));
  });
}

/** Each check keeps the best it has shown; a bench whose checks all hold is not run again. */
async function runShort(name) {
  const best = new Map();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    console.log(`> ${name}${attempt > 1 ? `, again (${attempt})` : ''}\n`);
    for (const check of (await run(name, 'short')) ?? []) {
      if (!best.get(check.id)?.isHeld) best.set(check.id, check);
    }
    if (best.size && [...best.values()].every(({ isHeld }) => isHeld)) break;
  }
  // A bench that broke has failed.
  return best.size ? [...best.values()] : [{ id: name, what: `${name} runs`, isHeld: false }];
}

if (flags.short) {
  const checks = [];
  for (const name of names) checks.push(...(await runShort(name)));
  const failed = checks.filter(({ isHeld }) => !isHeld);
  for (const { what, value, held, unit } of failed) {
    console.log(`FAILED ${what}: ${value ?? 'nothing'} where ${held} ${unit} is held`);
  }
  for (const { what, value, budget, unit } of checks.filter(({ isHeld, isMet }) => isHeld && !isMet)) {
    console.log(`not met yet: ${what}: ${Math.round(value * 100) / 100} ${unit}, the budget is ${budget}`);
  }
  console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length ? 1 : 0;
} else {
  const broken = [];
  for (const name of names) {
    console.log(`> ${name}\n`);
    if (!(await run(name, flags.quick ? 'quick' : 'full'))) broken.push(name);
  }
  if (broken.length) console.error(`Broke off: ${broken.join(', ')}`);
  process.exitCode = broken.length ? 1 : 0;
}
