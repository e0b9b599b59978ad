// @vitest-environment jsdom
/** How the panel writes to its page. */
import { expect, test } from 'vitest';
import { h, render } from '../../src/devtools/dom.ts';

test('what is drawn anew keeps its elements, and with them the focus', () => {
  const root = document.createElement('div');
  const draw = (text: string) => render(h('p', { class: 'a' }, h('input', null), text), root);
  draw('one');
  const input = root.querySelector('input');
  draw('two');
  expect(root.querySelector('input')).toBe(input);
  expect(root.textContent).toBe('two');
});

test('a text is never read as HTML', () => {
  const root = document.createElement('div');
  render(h('p', null, '<img src=x onerror=alert(1)>'), root);
  expect(root.querySelector('img')).toBeNull();
});
