// @vitest-environment jsdom
/** The element, and how it comes into a page. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineDevtools, mountDevtools } from '../../src/devtools/mount.ts';
import { createRecorded } from '../support/attach.ts';
import { polluted } from '../support/polluted.ts';
import { forgetSteps, tell, tellSignedIn } from '../support/steps.ts';

beforeEach(() => void forgetSteps());
afterEach(() => document.body.replaceChildren());

const panel = () => document.querySelector('evertoken-devtools');
const create = () => createRecorded({ fetch });
const textOf = () => panel()?.shadowRoot?.textContent;

describe.runIf(__DEVELOPMENT__)('the panel', () => {
  test('is there until it is undone', () => {
    const undo = mountDevtools();
    expect(panel()?.shadowRoot?.querySelector('button')?.textContent).toBe('evertoken');
    undo();
    expect(panel()).toBeNull();
  });

  test('takes the place of a docked one, as it is and with its names: hot reload leaves none behind', () => {
    const [first, shop, admin] = [create(), create(), create()];
    const undo = mountDevtools({ managers: { shop: first, admin } });
    panel()?.shadowRoot?.querySelector('button')?.click();
    first.close();
    const undoLater = mountDevtools({ managers: { shop } });
    expect(document.querySelectorAll('evertoken-devtools')).toHaveLength(1);
    const heads = [...(panel()?.shadowRoot?.querySelectorAll('h3') ?? [])].map((head) => head.textContent);
    expect(heads).toEqual([
      expect.stringMatching(/^manager \d+ closed/),
      'shop signed out',
      'admin signed out',
    ]);
    undo();
    expect(panel()).not.toBeNull();
    undoLater();
    expect(panel()).toBeNull();
  });

  test('stands beside one that is docked elsewhere, or is inline', () => {
    mountDevtools({ place: 'inline' });
    mountDevtools({ parent: document.body.appendChild(document.createElement('aside')) });
    mountDevtools();
    expect(document.querySelectorAll('evertoken-devtools')).toHaveLength(3);
  });

  test('is put where it is told to', () => {
    const parent = document.body.appendChild(document.createElement('aside'));
    mountDevtools({ parent, place: 'inline', theme: 'dark' });
    expect(panel()?.parentNode).toBe(parent);
    expect(panel()?.getAttribute('theme')).toBe('dark');
    expect(panel()?.hasAttribute('docked')).toBe(false);
    expect(panel()?.shadowRoot?.querySelector('section')).not.toBeNull();
  });

  test('written in HTML knows its attributes', () => {
    defineDevtools();
    document.body.innerHTML = '<evertoken-devtools limit="2"></evertoken-devtools>';
    tellSignedIn();
    for (const url of ['/1', '/2', '/3']) tell('sent', { url });
    panel()?.replaceWith(panel() as Element);
    expect(panel()?.shadowRoot?.querySelectorAll('ol li')).toHaveLength(2);
  });

  test('that is moved shows what it showed', () => {
    tellSignedIn();
    mountDevtools({ open: true });
    document.body.append(panel() as Element);
    expect(textOf()).toContain('signed in');
    expect(panel()?.shadowRoot?.querySelectorAll('section')).toHaveLength(1);
  });
});

test.runIf(!__DEVELOPMENT__)('R73: of the production build says that it is one, and how to switch', () => {
  const undo = mountDevtools({ open: true });
  tellSignedIn();
  expect(textOf()).toMatch(/^This app runs the production build of evertoken.*condition "development"/);
  undo();
  expect(panel()).toBeNull();
});

test.for([
  [null, /options is null; expected an object/],
  [{ place: 'left' }, /place/],
  [{ theme: 'blue' }, /theme/],
  [{ theme: Symbol('x') }, /theme is Symbol\(x\); expected 'auto'/],
  [{ them: 'dark' }, /option is them; expected managers/],
  [{ limit: 0 }, /limit/],
  [{ limit: Number.NaN }, /limit is NaN; expected a number/],
  [{ open: 'yes' }, /open is yes; expected true or false/],
  [{ parent: '#panel' }, /parent is #panel; expected an element/],
  [{ parent: null }, /parent is null; expected an element/],
  [{ managers: { fetch: () => {} } }, /managers.fetch is function; expected \{ name: manager \}/],
  [{ managers: { shop: undefined } }, /managers.shop is undefined; expected/],
] as const)('a wrong option is a TypeError that names it: %o', ([options, name]) => {
  expect(() => mountDevtools(options as never)).toThrow(TypeError);
  expect(() => mountDevtools(options as never)).toThrow(name);
});

test('R37: what a page put on Object.prototype is no option', async () => {
  await polluted({ place: 'x', theme: 'x' }, () => mountDevtools());
  expect(panel()?.getAttribute('theme')).toBe('auto');
});

test('defining the element twice is fine', () => {
  defineDevtools();
  expect(() => defineDevtools()).not.toThrow();
});
