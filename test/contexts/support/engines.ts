/** The browser engines, and one suite of tests for each of them. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Browser, Engine } from './browser.ts';
import { chromium } from './chromium.ts';
import { firefox } from './firefox.ts';
import { webkit } from './webkit.ts';

const engines: Engine[] = [chromium, firefox, webkit];

/** CI installs every browser, so that none is missed there. */
const isRequired = process.env['EVERTOKEN_BROWSERS'] === 'required';

interface Telling {
  /** All engines at once, for stories that mostly wait. @default false */
  isConcurrent?: boolean;
}

/**
 * The same story in every engine, each with one browser for all its tests. A browser that is not installed is
 * skipped by its name; with `EVERTOKEN_BROWSERS=required` it is a failure.
 *
 * @param tell - Declares the tests; the browser is there when they run.
 */
export function inEveryEngine(
  story: string,
  tell: (browser: () => Browser, engine: Engine) => void,
  { isConcurrent = false }: Telling = {},
): void {
  const runs = (engine: Engine) => isRequired || engine.program !== undefined;
  const suite = (engine: Engine) => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await engine.launch();
    });
    afterAll(() => browser?.close());
    tell(() => browser as Browser, engine);
  };
  const stories = isConcurrent ? describe.concurrent : describe;
  stories.for(engines.filter(runs))(`$name: ${story}`, suite);
  describe.skip.for(engines.filter((engine) => !runs(engine)))(`$name is not installed: ${story}`, suite);
}
