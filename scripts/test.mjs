// Runs every npm script named `test:*`, goes on after a failure, and ends with the line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const reports = mkdtempSync(join(tmpdir(), 'evertoken-test-'));

/** The sums of vitest's own report, and what failed, also if only at the first attempt; a file that cannot be loaded is one failure. */
function counts(report) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.length);
  const tests = testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ failureMessages }) => failureMessages.length)
    .map(({ status, fullName, failureMessages }) => `${status}: ${fullName}\n${failureMessages.join('\n')}`);
  return {
    passed: numPassedTests,
    failed: numFailedTests + broken.length,
    reasons: [...broken.map(({ name, message }) => `failed: ${name}\n${message}`), ...tests],
  };
}

/** A vitest script counts its tests, any other script is one check. */
function run(name) {
  const vitest = /\bvitest run\b[^&|;]*$/.test(scripts[name]);
  const report = join(reports, `${name.replaceAll(':', '-')}.json`);
  const reporters = ['--', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync('npm', ['run', '--silent', name, ...(vitest ? reporters : [])], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  const ok = status === 0;
  if (!vitest) return { passed: +ok, failed: +!ok, reasons: [] };
  try {
    const { passed, failed, reasons } = counts(report);
    if (ok || failed) return { passed, failed, reasons };
    return {
      passed,
      failed: 1,
      reasons: [...reasons, 'failed: coverage that is missed, or an error outside any test'],
    };
  } catch {
    return { passed: 0, failed: 1, reasons: ['failed: vitest wrote no report'] };
  }
}

const total = { passed: 0, failed: 0 };
const lines = [];
/** What failed, once more at the end: of a long output that is what is kept. */
const failures = [];
for (const name of Object.keys(scripts).filter((script) => script.startsWith('test:'))) {
  console.log(`\n> ${name}`);
  const started = Date.now();
  const { passed, failed, reasons } = run(name);
  total.passed += passed;
  total.failed += failed;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  lines.push(`${failed ? 'FAILED' : 'ok    '} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
  failures.push(...reasons.map((reason) => `${name}, ${reason.slice(0, 1_500)}`));
}
rmSync(reports, { recursive: true, force: true });

if (failures.length) console.log(`\n${failures.join('\n\n')}`);
console.log(`\n${lines.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
