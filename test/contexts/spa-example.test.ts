/** examples/spa, as `npx vite examples/spa` starts it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { inEveryEngine } from './support/engines.ts';
import { click, press, shows } from './support/user.ts';

inEveryEngine(
  'examples/spa',
  (browser) => {
    test('a user signs in, calls the API, and signs out in two tabs at once', async () => {
      const cacheDir = mkdtempSync(join(tmpdir(), 'evertoken-spa-'));
      const server = await createServer({
        configFile: 'examples/spa/vite.config.ts',
        logLevel: 'error',
        cacheDir,
        server: { port: 0, host: 'localhost' },
      });
      onTestFinished(async () => {
        await server.close();
        rmSync(cacheDir, { recursive: true, force: true });
      });
      await server.listen();
      const url = `${server.resolvedUrls?.local[0]}`;
      const first = await browser().open(url);
      onTestFinished(() => first.close());
      await press(first, 'Sign in');
      await click(first, 'form:has([value=login]) [type=submit]', { login: 'alice', password: 'any' });
      await click(first, 'form:has([value=consent]) [type=submit]');
      await shows(first, 'signed-in local');
      await press(first, 'Call the API');
      await shows(first, '"sub":"alice"');

      const second = await browser().open(url);
      onTestFinished(() => second.close());
      await shows(second, 'Call the API');
      await press(first, 'Sign out');
      await shows(second, 'signed-out local in another tab');
      await shows(second, 'Sign in');
      expect(await first.evaluate('location.href')).toBe(url);
    });
  },
  { except: ['Firefox', 'WebKitGTK'] },
);
