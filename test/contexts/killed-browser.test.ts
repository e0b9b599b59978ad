/** A browser that is killed soon after a commit, and started again with the same profile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { chromium, launchWithProfile } from './support/chromium.ts';
import { startSite } from './support/site.ts';
import { startStrictServer } from './support/strict-server.ts';

/** Milliseconds between the commit and the end. */
const MOMENTS = [0, 100, 500, 1_500, 5_000];

const isMissing = !chromium.program && process.env['EVERTOKEN_BROWSERS'] !== 'required';

describe.skipIf(isMissing)('Chromium, killed', () => {
  test('R56: the session is there again, with the tokens before or after the last commit', async () => {
    await using server = await startStrictServer('spa');
    const { urls, issued } = server.client('spa');
    const site = await startSite();
    const page = site.page({ ...urls, isAlone: true });
    const profile = await mkdtemp(join(tmpdir(), 'evertoken-'));
    try {
      for (const moment of MOMENTS) {
        const browser = await launchWithProfile(profile);
        const tab = await browser.open(page);
        // What came back may be spent.
        await ask(tab, 'signIn', issued());
        const before = await ask(tab, 'token');
        await ask(tab, 'refresh');
        const after = await ask(tab, 'token');
        expect(after).not.toBe(before);
        await sleep(moment);
        await browser.kill();

        const again = await launchWithProfile(profile);
        const restored = await again.open(page);
        await ask(restored, 'ready');
        const title = `killed after ${moment} ms`;
        expect(await ask(restored, 'status'), title).toBe('signed-in');
        expect([before, after], title).toContain(await ask(restored, 'token'));
        await again.kill();
      }
    } finally {
      await site.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
