// @vitest-environment jsdom
/** How the panel looks. */
import { expect, test, vi } from 'vitest';
import { styleOf } from '../../src/devtools/styles.ts';

const createRoot = () => document.createElement('div').attachShadow({ mode: 'open' });

test('all panels of a page share one sheet, which no policy against inline styles forbids', () => {
  const replaced: string[] = [];
  class Sheet {
    replaceSync(css: string) {
      replaced.push(css);
    }
  }
  vi.stubGlobal('CSSStyleSheet', Sheet);
  const roots = [createRoot(), createRoot()].map((root) => Object.assign(root, { adoptedStyleSheets: [] }));
  for (const root of roots) styleOf(root);
  expect(replaced).toHaveLength(1);
  expect(roots[0]?.adoptedStyleSheets).toEqual(roots[1]?.adoptedStyleSheets);
  expect(roots[0]?.querySelector('style')).toBeNull();
  // Dark and light, by the system and by the attribute; no movement for whoever wants none.
  expect(replaced[0]).toMatch(/color-scheme: light dark[\s\S]*\[theme='dark'\]/);
  expect(replaced[0]).not.toMatch(/transition|animation/);
});

test('a page without such sheets has the panel as it is', () => {
  const root = createRoot();
  vi.stubGlobal('CSSStyleSheet', undefined);
  expect(() => styleOf(root)).not.toThrow();
});
