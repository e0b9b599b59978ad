/** As clients.test.ts, for the clients that need a page: `window` and `document`. */
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, test, vi } from 'vitest';
import { type Clock, startClock } from './support/clock.ts';
import { liveWith } from './support/lives.ts';

let clock: Clock;
beforeAll(() => {
  clock = startClock();
});
afterAll(() => clock.stop());

/** What React and the clients look for; `fetch`, streams and signals are Node’s. */
function openPage(): void {
  const { window } = new JSDOM('<!doctype html><div id="root"></div>', { url: 'http://localhost/' });
  vi.stubGlobal('window', Object.assign(window, { setTimeout, clearTimeout }));
  vi.stubGlobal('document', window.document);
}

test('R24, R31: docs/clients.md, fetch-event-source: no call fails over many lives of a token, with one refresh for each', async ({
  onTestFinished,
}) => {
  openPage();
  const { fetchEventSourceClient } = await import('./clients/fetch-event-source.ts');
  await liveWith(fetchEventSourceClient, clock, onTestFinished);
});

test('R24, R31: docs/clients.md, SWR: no call fails over many lives of a token, with one refresh for each', async ({
  onTestFinished,
}) => {
  openPage();
  const { swr } = await import('./clients/swr.ts');
  await liveWith(swr, clock, onTestFinished);
});
