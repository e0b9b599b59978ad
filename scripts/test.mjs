// Runs every npm script named `test:*`, goes on after a failure, and ends with the line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const reports = mkdtempSync(join(tmpdir(), 'evertoken-test-'));

/** The sums of vitest's own report; a file that cannot be loaded is one failure. */
function counts(report) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.length);
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
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
  if (!vitest) return { passed: +ok, failed: +!ok };
  try {
    const sums = counts(report);
    // Coverage that is missed and errors outside any test fail the run without failing a test.
    return { ...sums, failed: ok ? sums.failed : Math.max(sums.failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

const total = { passed: 0, failed: 0 };
const lines = [];
for (const name of Object.keys(scripts).filter((script) => script.startsWith('test:'))) {
  console.log(`\n> ${name}`);
  const started = Date.now();
  const { passed, failed } = run(name);
  total.passed += passed;
  total.failed += failed;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  lines.push(`${failed ? 'FAILED' : 'ok    '} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
}
rmSync(reports, { recursive: true, force: true });

console.log(`\n${lines.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
