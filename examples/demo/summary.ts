/** What the demo says at its end. */
import { asTokenError, type RefreshCause } from 'evertoken';
import type { AuthorizationServerStats } from './authorization-server.ts';
import { type DriveResult, percentile } from './drive.ts';
import { paint } from './lanes.ts';

export interface Outcome {
  readonly driven: DriveResult;
  readonly refusedByApi: number;
  readonly causes: ReadonlyMap<RefreshCause, number>;
  readonly server: AuthorizationServerStats;
}

export function isGood({ driven, server }: Outcome): boolean {
  return driven.answered === driven.requests && driven.failures.length === 0 && server.reuse === 0;
}

export function summary(outcome: Outcome): string {
  const { driven, refusedByApi, causes, server } = outcome;
  const rows: [name: string, value: number | string, note: string][] = [
    ['requests', driven.requests, ''],
    ['answered', driven.answered, ''],
    ['refused', refusedByApi, 'by the API, then sent once more'],
    ['refreshes', sum(causes.values()), [...causes].map(([cause, count]) => `${count} ${cause}`).join(', ')],
    ['authorization server', server.tokenCalls, 'calls of its token endpoint, 1 of them the sign-in'],
    ['reuse', server.reuse, 'of a spent refresh token'],
    ['failed', driven.failures.length, kindsOf(driven.failures)],
    ['p50', `${percentile(driven.durations, 0.5).toFixed(1)}`, 'ms'],
    ['p99', `${percentile(driven.durations, 0.99).toFixed(1)}`, 'ms'],
  ];
  const lines = rows.map(
    ([name, value, note]) => `  ${name.padEnd(20)} ${String(value).padStart(6)}  ${note}`,
  );
  const verdict = isGood(outcome) ? paint('green', 'Nobody noticed.') : paint('red', 'Something went wrong.');
  return ['', ...lines.map((line) => line.trimEnd()), '', `  ${verdict}`].join('\n');
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}

function kindsOf(failures: readonly unknown[]): string {
  return [...new Set(failures.map((error) => asTokenError(error)?.code ?? String(error)))].join(', ');
}
