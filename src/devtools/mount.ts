/** The element of the panel, and the function that puts one into a page. */
import type { TokenManager } from '../api.ts';
import { ownMembers } from '../own.ts';
import { productionNotice } from './notice.ts';
import { append, childrenOf, isPage } from './page.ts';
import { openPanel, type PanelSettings } from './panel.ts';
import { styleOf } from './styles.ts';

/** The options of `mountDevtools`. All may be left out. */
export interface DevtoolsOptions {
  /**
   * Managers, by the names under which they are shown. Those that are not named here are shown by their number.
   *
   * @default none is named
   */
  managers?: Record<string, TokenManager> | undefined;
  /**
   * `docked`: at the lower edge of the window, folded to a button until it is opened. `inline`: a block where `parent` is.
   *
   * @default 'docked'
   */
  place?: 'docked' | 'inline' | undefined;
  /** Whether a docked panel starts unfolded. @default false */
  open?: boolean | undefined;
  /** `auto`: as the system has it. @default 'auto' */
  theme?: 'auto' | 'light' | 'dark' | undefined;
  /** The most steps that are kept; older ones are forgotten. @default 500 */
  limit?: number | undefined;
  /** The element, shadow root or fragment that it is put into. @default document.body */
  parent?: { append(...nodes: never[]): unknown } | undefined;
}

const NAME = 'evertoken-devtools';

/** Of the elements that `mountDevtools` has made. */
const settingsOf = new WeakMap<Element, Partial<PanelSettings>>();

/** A docked panel that is there gives way: a module that is loaded anew (hot reload) mounts its panel once more. */
function takePlace(settings: PanelSettings, parent: DevtoolsOptions['parent']): PanelSettings {
  const before = childrenOf(parent).find((child) => settingsOf.get(child)?.isDocked);
  if (!before) return settings;
  const isOpen = !!before.shadowRoot?.querySelector('.panel');
  before.remove();
  return { ...settings, isOpen, managers: { ...settingsOf.get(before)?.managers, ...settings.managers } };
}

/** Made when it is first needed: a server has no elements. */
const createClass = () =>
  class extends HTMLElement {
    #close: (() => void) | undefined;

    connectedCallback(): void {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      styleOf(root);
      if (!__DEVELOPMENT__) {
        root.textContent = '';
        append('section', root, { class: 'notice', 'aria-label': 'evertoken' }).textContent =
          productionNotice;
        return;
      }
      const limit = Math.max(0, Number(this.getAttribute('limit'))) || 500;
      const isDocked = this.hasAttribute('docked');
      const isOpen = this.hasAttribute('open');
      const given = settingsOf.get(this);
      this.#close = openPanel(root, { managers: {}, limit, isDocked, isOpen, ...given });
    }

    disconnectedCallback(): void {
      this.#close?.();
    }
  };

/**
 * Defines the element `<evertoken-devtools>`, for a page that has it in its HTML. It knows the attributes `docked`, `open`
 * (where it is docked), `limit` and `theme` (`light`, `dark`). Twice is fine; on a server it does nothing.
 *
 * @example
 * import { defineDevtools } from 'evertoken/devtools';
 *
 * defineDevtools(); // <evertoken-devtools theme="dark"></evertoken-devtools>
 */
export function defineDevtools(): void {
  if (isPage() && !customElements.get(NAME)) customElements.define(NAME, createClass());
}

/**
 * Puts the panel into the page: the state of its managers, the life of their tokens, and each step from A to H as it
 * happens. It has no token and keeps nothing. In the production build, where managers tell nothing, it says so and no
 * more; on a server it does nothing. A docked one takes the place of a docked one that is there.
 *
 * @returns Its own undo.
 * @throws TypeError for an unknown option, and for a value that its option does not take.
 *
 * @example
 * import { auth } from './auth';
 *
 * if (import.meta.env.DEV) {
 *   const { mountDevtools } = await import('evertoken/devtools');
 *   mountDevtools({ managers: { shop: auth } });
 * }
 */
export function mountDevtools(options: DevtoolsOptions = {}): () => void {
  const check = (isGood: boolean, name: string, given: unknown, allowed: string) => {
    if (!isGood) throw new TypeError(`mountDevtools: ${name} is ${String(given)}; expected ${allowed}`);
  };
  check(options === Object(options), 'options', options, 'an object');
  const {
    managers = {},
    place = 'docked',
    open = false,
    theme = 'auto',
    limit = 500,
    parent,
    ...others
  } = ownMembers(options);
  const [unknown] = Object.keys(others);
  check(!unknown, 'an option', unknown, 'managers, place, open, theme, limit or parent');
  for (const [name, one] of Object.entries(Object(managers)))
    check(!!Object(one).getAccessToken, `managers.${name}`, typeof one, '{ name: manager }');
  check(['docked', 'inline'].includes(place), 'place', place, "'docked' or 'inline'");
  check(['auto', 'light', 'dark'].includes(theme), 'theme', theme, "'auto', 'light' or 'dark'");
  check(typeof open === 'boolean', 'open', open, 'true or false');
  check(Number.isFinite(limit) && limit >= 1, 'limit', limit, 'a number of at least 1');
  check(parent === undefined || typeof Object(parent).append === 'function', 'parent', parent, 'an element');
  if (!isPage()) return () => {};
  defineDevtools();
  const isDocked = place === 'docked';
  const attributes = { theme, ...(isDocked && { docked: '' }) };
  const settings = { managers, limit, isDocked, isOpen: open };
  const shown = __DEVELOPMENT__ && isDocked ? takePlace(settings, parent) : settings;
  const element = append(NAME, parent, attributes, (made) => {
    if (__DEVELOPMENT__) settingsOf.set(made, shown);
  });
  return () => element.remove();
}
