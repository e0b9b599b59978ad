/** The browser engines, and one suite of tests for each of them. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Browser, Choices, Engine } from './browser.ts';
import { chromium } from './chromium.ts';
import { firefox } from './firefox.ts';
import { webkit } from './webkit.ts';

const engines: Engine[] = [chromium, firefox, webkit];

/** CI installs every browser, so that none is missed there. */
const isRequired = process.env['EVERTOKEN_BROWSERS'] === 'required';

interface Telling {
  /** All engines at once, for stories that mostly wait. @default false */
  isConcurrent?: boolean;
  /** @default as users find them */
  choices?: Choices;
  /** Engines that cannot do it. @default none */
  except?: Engine['name'][];
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
  { isConcurrent = false, choices, except = [] }: Telling = {},
): void {
  const able = engines.filter(({ name }) => !except.includes(name));
  const runs = (engine: Engine) => isRequired || engine.program !== undefined;
  const suite = (engine: Engine) => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await engine.launch(choices);
    });
    afterAll(() => browser?.close());
    tell(() => browser as Browser, engine);
  };
  const stories = isConcurrent ? describe.concurrent : describe;
  stories.for(able.filter(runs))(`$name: ${story}`, suite);
  describe.skip.for(able.filter((engine) => !runs(engine)))(`$name is not installed: ${story}`, suite);
}
