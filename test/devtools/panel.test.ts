// @vitest-environment jsdom
/** R73: the panel, as somebody uses it. */
import { createTokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPanel, type PanelSettings } from '../../src/devtools/panel.ts';
import { forgetSteps, tell, tellSignedIn } from '../support/steps.ts';

beforeEach(() => {
  forgetSteps();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

/** A moment has passed. */
const moment = () => vi.advanceTimersByTime(20);

function open(settings: Partial<PanelSettings> = {}) {
  const root = document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
  const undo = openPanel(root, { managers: {}, limit: 500, isDocked: true, isOpen: true, ...settings });
  onTestFinished(undo);
  const button = (name: string) =>
    [...root.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  return {
    root,
    undo,
    button,
    click(name: string) {
      button(name)?.click();
      moment();
    },
    lines: () => [...root.querySelectorAll('ol li .what')].map(({ textContent }) => textContent),
    filter(text: string) {
      const input = root.querySelector('input') as HTMLInputElement;
      input.value = text;
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      moment();
    },
  };
}

test('it shows what was told before it came, and each step as it comes', () => {
  tellSignedIn();
  const { lines } = open();
  tell('sent', { method: 'GET', url: 'https://api.example.com/me' });
  moment();
  expect(lines()).toEqual([
    'manager created, store: web shop',
    'signed in: tokens of a login',
    'GET https://api.example.com/me',
  ]);
});

test('the bar of the token moves by itself', () => {
  tellSignedIn();
  const { root } = open();
  expect(root.querySelector('.life')?.textContent).toMatch(/^ends in 5:00/);
  vi.advanceTimersByTime(60_000);
  expect(root.querySelector('.life')?.textContent).toMatch(/^ends in 4:00/);
});

describe('a folded panel', () => {
  test('is a button that says so, opens to the filter, and has the focus again when it is closed', () => {
    const { root, click, button } = open({ isOpen: false });
    expect(root.querySelector('section')).toBeNull();
    expect(button('evertoken')?.getAttribute('aria-expanded')).toBe('false');
    click('evertoken');
    expect(root.querySelector('section')).not.toBeNull();
    expect(root.activeElement).toBe(root.querySelector('input'));
    click('Close');
    expect(root.querySelector('section')).toBeNull();
    expect(root.activeElement).toBe(button('evertoken'));
  });

  test('opens with the steps of the time before', () => {
    const { click, lines } = open({ isOpen: false });
    tellSignedIn();
    click('evertoken');
    expect(lines()).toHaveLength(2);
  });

  test('Escape folds it, but empties a filter first', () => {
    const { root, filter } = open();
    const pressEscape = () =>
      root
        .querySelector('input')
        ?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true }));
    filter('x');
    pressEscape();
    expect(root.querySelector('section')).not.toBeNull();
    filter('');
    pressEscape();
    expect(root.querySelector('section')).toBeNull();
  });
});

test('what is typed into it is no shortcut of the app', () => {
  const { root } = open();
  const heard = vi.fn();
  window.addEventListener('keydown', heard);
  onTestFinished(() => window.removeEventListener('keydown', heard));
  root
    .querySelector('input')
    ?.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true, composed: true }));
  expect(heard).not.toHaveBeenCalled();
});

test('an inline panel cannot be folded', () => {
  const { button, root } = open({ isDocked: false, isOpen: false });
  expect(root.querySelector('section')).not.toBeNull();
  expect([button('evertoken'), button('Close')]).toEqual([undefined, undefined]);
});

describe('the buttons', () => {
  const urls = ['https://api.example.com/me', 'https://api.example.com/items'];

  test('the filter leaves requests to other URLs out', () => {
    const { filter, lines, root } = open();
    for (const url of urls) tell('sent', { method: 'GET', url });
    tell('refresh');
    filter('ITEMS');
    expect(lines()).toEqual(['GET https://api.example.com/items', 'refresh asked for']);
    filter('');
    expect(lines()).toHaveLength(3);
    expect(root.querySelector('label')?.textContent).toContain('Filter by URL');
  });

  test('Pause holds the time line, and lets it go on with all that came meanwhile', () => {
    const { click, lines, button } = open();
    tell('refresh');
    click('Pause');
    expect(button('Pause')?.getAttribute('aria-pressed')).toBe('true');
    tell('refresh');
    moment();
    expect(lines()).toHaveLength(1);
    click('Pause');
    expect(button('Pause')?.getAttribute('aria-pressed')).toBe('false');
    expect(lines()).toHaveLength(2);
  });

  test('Clear empties the time line, also a held one', () => {
    const { click, lines } = open();
    tell('refresh');
    click('Clear');
    expect(lines()).toEqual([]);
    tell('refresh');
    click('Pause');
    click('Clear');
    expect(lines()).toEqual([]);
    click('Pause');
    expect(lines()).toEqual([]);
  });

  test('Copy as text copies what is shown, and says so', async () => {
    const writeText = vi.fn(async (_text: string) => {});
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    tellSignedIn();
    for (const url of urls) tell('sent', { method: 'GET', url });
    const { click, filter, root } = open();
    filter('items');
    click('Copy as text');
    await vi.waitFor(() => expect(root.querySelector('[role=status]')?.textContent).toBe('3 steps copied'));
    const [[text = ''] = []] = writeText.mock.calls;
    expect(text).toMatch(/^manager 1: signed-in, store web shop, session 01234567…/);
    expect(text).toContain('GET https://api.example.com/items');
    expect(text).not.toContain('/me');
  });

  test('where the clipboard is refused the text is there to be copied by hand', async () => {
    vi.stubGlobal('navigator', {});
    tellSignedIn();
    const { click, root } = open();
    click('Copy as text');
    await vi.waitFor(() =>
      expect(root.querySelector('textarea')?.value).toMatch(/signed in: tokens of a login/),
    );
    expect(root.querySelector('textarea')?.getAttribute('aria-label')).toBe('The steps as text');
  });
});

describe('names', () => {
  test('a manager that is handed over is called by its name, another one by its number', () => {
    const auth = createTokenManager({ refresh: async () => ({}), allow: 'https://api.example.com' });
    onTestFinished(() => auth.close());
    tellSignedIn(77);
    const { root } = open({ managers: { shop: auth } });
    const names = [...root.querySelectorAll('h3')].map(({ firstChild }) => firstChild?.textContent);
    expect(names).toEqual(__DEVELOPMENT__ ? ['shop', 'manager 77'] : ['manager 77']);
    // Made by the production build, it has told nothing.
    const notice = root.querySelector('.notice')?.textContent;
    if (__DEVELOPMENT__) expect(notice).toBeUndefined();
    else expect(notice).toMatch(/^shop: made by the production build/);
  });

  test('with one manager the lines do not repeat its name', () => {
    tellSignedIn();
    const { root } = open();
    expect(root.querySelector('section')?.classList.contains('alone')).toBe(true);
    tell('created', { manager: 2 });
    moment();
    expect(root.querySelector('section')?.classList.contains('alone')).toBe(false);
  });
});

test('while no manager has spoken it says what that may mean', () => {
  const { root } = open();
  expect(root.querySelector('.notice')?.textContent).toMatch(/No manager has announced itself/);
  tell('created');
  moment();
  expect(root.querySelector('.notice')).toBeNull();
});

test('a screen reader is told of what matters, politely, and not of each step', () => {
  const { root } = open();
  const status = () => root.querySelector('[role=status]')?.textContent;
  for (let count = 0; count < 100; count++) tell('sent', { url: '/x' });
  moment();
  expect(status()).toBe('');
  tell('signed-out', { reason: 'local', elsewhere: true });
  tell('signed-in', { cause: 'local' });
  moment();
  expect(status()).toBe('signed out, elsewhere');
  vi.advanceTimersByTime(6_000);
  expect(status()).toBe('signed in: tokens of a login');
});

test('a thousand steps in a moment are drawn once, and the newest are kept', () => {
  const { lines, root } = open({ limit: 50 });
  const observed = vi.fn();
  const observer = new MutationObserver(observed);
  observer.observe(root, { childList: true, subtree: true });
  for (let number = 1; number <= 1_000; number++) tell('sent', { url: `/${number}` });
  expect(lines()).toEqual([]);
  moment();
  expect(lines()).toHaveLength(50);
  expect(lines().at(-1)).toBe('/1000');
  observer.disconnect();
});

test('who reads further up is left there; who is at the end follows', () => {
  tellSignedIn();
  const { root } = open();
  const steps = root.querySelector('.steps') as HTMLElement;
  let height = 1_000;
  Object.defineProperties(steps, {
    scrollHeight: { get: () => height },
    clientHeight: { value: 200 },
    scrollTop: { value: 790, writable: true },
  });
  const grow = () => {
    tell('refresh');
    height += 24;
    moment();
  };
  steps.scrollTop = 800 + 24;
  grow();
  expect(steps.scrollTop).toBe(1_024);
  steps.scrollTop = 100;
  grow();
  expect(steps.scrollTop).toBe(100);
});

test('a closed panel leaves nothing behind: it draws no more, and hears no more', () => {
  const { undo, root } = open();
  tell('refresh');
  undo();
  vi.advanceTimersByTime(5_000);
  tell('refresh');
  moment();
  expect(root.childNodes).toHaveLength(0);
  expect(vi.getTimerCount()).toBe(0);
});
