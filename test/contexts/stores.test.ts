/** R59: the stores of the browser, in real tabs and workers. */
import type { StorePort } from 'evertoken';
import type { StoreSubject } from 'evertoken/testing';
import { describeStore, type Runner } from 'evertoken/testing';
import { afterAll, describe, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { type Ask, createRemotePort } from '../support/worker-remote.ts';
import type { Acts } from './page/store-ports.ts';
import type { Browser, Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { bundle, html } from './support/site.ts';

const runner: Runner = { describe, test };

/** A secure context: what is stored is encrypted. */
async function startSite() {
  const http = await listenOnLoopback();
  const script = await bundle('store-main');
  http.handle(({ url }, response) => {
    const isScript = url === '/main.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : html('<script src="/main.js"></script>'));
  });
  return { url: http.origin.replace('127.0.0.1', 'localhost'), close: http.close };
}

type Done<K extends keyof Acts> = Promise<Awaited<ReturnType<Acts[K]>>>;

interface Context {
  readonly tab: Tab;
  act<K extends keyof Acts>(act: K, ...args: Parameters<Acts[K]>): Done<K>;
}

const contextOf = (tab: Tab, how: 'play' | 'askWorker' = 'play'): Context => ({
  tab,
  act: (...args) => tab.evaluate(`${how}(...${JSON.stringify(args)})`),
});

/** Tabs that serve one test after the other, and the worker of the first. */
function createStage(browser: () => Browser) {
  let site: ReturnType<typeof startSite> | undefined;
  const tabs: (Tab | undefined)[] = [];
  async function tabAt(index: number): Promise<Tab> {
    site ??= startSite();
    tabs[index] ??= await browser().open((await site).url);
    return tabs[index];
  }
  afterAll(async () => (await site)?.close());
  return {
    at: async (index: number) => contextOf(await tabAt(index)),
    workerOf: async (index: number) => contextOf(await tabAt(index), 'askWorker'),
    /** As a crash does, where the engine can. */
    async kill(tab: Tab): Promise<void> {
      tabs[tabs.indexOf(tab)] = undefined;
      await (tab.crash?.() ?? tab.close());
    },
  };
}

let names = 0;

/** @param contexts - The first, the second and so on that a test opens. */
function subjectOf(says: StoreSubject['says'], isTab: boolean, contexts: (() => Promise<Context>)[]) {
  let name = '';
  let count = 0;
  const opened = new Map<StorePort, Context & { ask: Ask }>();
  const first = () => [...opened.values()][0] as Context;
  const put = (value: unknown) => () =>
    isTab ? first().act('setItem', name, `${value}`) : first().act('damage', name, value);

  const subject: StoreSubject = {
    says,
    reset() {
      name = `store ${++names}`;
      count = 0;
      opened.clear();
    },
    async open() {
      const context = await (contexts[count++] as (typeof contexts)[number])();
      const index = await context.act('open', name, isTab);
      const ask: Ask = (act, ...args) => context.act('ask', index, act, ...args) as never;
      const port = await createRemotePort(ask);
      opened.set(port, { ...context, ask });
      return port;
    },
    async close() {
      await Promise.all([...opened.values()].map(({ ask }) => ask('unwatch')));
    },
    async fail(mode) {
      await Promise.all([...opened.values()].map(({ act }) => act('fail', mode ?? null)));
    },
    async loseAnswer() {
      await first().act('loseAnswer');
    },
    damage: isTab
      ? { 'no JSON': put('{"version"'), null: put('null'), 'an object of somebody else': put('{"a":1}') }
      : { 'a number': put(7), 'a text': put('text'), 'an object of somebody else': put({ a: 1 }) },
    race: (ports, times) => Promise.all(ports.map((port) => opened.get(port)?.ask('increment', times))),
  };
  return { subject, opened };
}

inEveryEngine('the conformance suite', (browser) => {
  const { at, workerOf, kill } = createStage(browser);

  const shared = subjectOf({ watch: true, lock: true }, false, [
    () => at(0),
    () => at(1),
    () => workerOf(0),
    () => at(2),
  ]);
  shared.subject.kill = async (port) => {
    const { tab } = shared.opened.get(port) as Context;
    shared.opened.delete(port);
    await kill(tab);
  };
  describeStore('webStore in three tabs and a worker', shared.subject, runner);

  const own = subjectOf(
    { contexts: 'one', watch: true, lock: true },
    true,
    Array(4).fill(() => at(0)),
  );
  describeStore("webStore with `area: 'session'`, opened again and again in its tab,", own.subject, runner);
});
