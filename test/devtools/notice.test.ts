/** What the panel says where it has nothing to show. */
import { expect, test } from 'vitest';
import { productionNotice, silenceNotice, silentNotice } from '../../src/devtools/notice.ts';

test('it names the production build, and the switch for each tool', () => {
  expect(productionNotice).toMatch(/production build/);
  for (const tool of ['Vite', 'webpack', 'esbuild', 'node -C development'])
    expect(productionNotice).toContain(tool);
});

test('it names the managers that are silent', () => {
  expect(silentNotice(['shop', 'admin'])).toMatch(/^shop, admin: made by the production build/);
  expect(silenceNotice).toMatch(/No manager has announced itself/);
});
