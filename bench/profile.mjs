/** Where the time of a request with a good token goes: self time by function, over a stubbed fetch. See README.md. */
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { make } from './peers/evertoken.mjs';
import { stubs } from './support/stub.mjs';
import { drawTable } from './support/table.mjs';

const { values: flags } = parseArgs({
  options: {
    /** `string` or `Request`. */
    input: { type: 'string', default: 'string' },
    requests: { type: 'string', default: '1000000' },
    top: { type: 'string', default: '25' },
  },
});

const origin = 'https://api.example.com';
const url = `${origin}/v1/items/42?fields=name`;
const init = { method: 'GET', headers: { accept: 'application/json', 'x-client': 'bench' } };
const tokens = { access_token: `eyJ${'x'.repeat(800)}`, refresh_token: 'refresh', expires_in: 86_400 };
const request = await make(stubs.shared.underlying, tokens, `${origin}/token`);
const send = flags.input === 'Request' ? () => request(new Request(url, init)) : () => request(url, init);

for (let warmUp = 0; warmUp < 20_000; warmUp++) await send();

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });
await session.post('Profiler.start');
for (let sent = 0; sent < Number(flags.requests); sent++) await send();
const { profile } = await session.post('Profiler.stop');

const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
const times = new Map();
let total = 0;
profile.samples.forEach((id, index) => {
  const { functionName, url, lineNumber } = nodes.get(id);
  const where = url ? `${url.split('/').at(-1)}:${lineNumber + 1}` : '';
  const name = `${functionName || '(anonymous)'} ${where}`.trim();
  const time = profile.timeDeltas[index];
  times.set(name, (times.get(name) ?? 0) + time);
  total += time;
});
const rows = [...times]
  .sort(([, one], [, other]) => other - one)
  .slice(0, Number(flags.top))
  .map(([name, time]) => [name, (time / total) * 100, (time * 1_000) / Number(flags.requests)]);
console.log(
  drawTable({
    title: `${flags.input}: self time of ${Number(flags.requests).toLocaleString('en-US')} requests`,
    columns: ['', '%', 'ns per request'],
    rows,
  }),
);
process.exit();
