/** The panel itself: what is shown, and what its buttons do. */
import type { TokenManager } from '../api.ts';
import { inside } from '../request/inside.ts';
import { cards } from './cards.ts';
import { h, render, type VNode } from './dom.ts';
import { listen } from './listen.ts';
import { createNews } from './news.ts';
import { silenceNotice, silentNotice } from './notice.ts';
import { copy, everySecond, inAMoment } from './page.ts';
import { createRecord } from './record.ts';
import type { Row } from './row.ts';
import { filtered, textOf } from './text.ts';
import { createTimeLine } from './time-line.ts';

export interface PanelSettings {
  /** By the names under which they are shown. */
  readonly managers: Readonly<Record<string, TokenManager>>;
  /** The most lines that are kept. */
  readonly limit: number;
  /** Whether it can be folded to a button. */
  readonly isDocked: boolean;
  readonly isOpen: boolean;
}

const numberOf = (auth: TokenManager): number | undefined =>
  (auth as { [inside]?(): { number?: number } })[inside]?.().number;

const button = (text: string, onClick: () => unknown, more: object = {}): VNode =>
  h('button', { type: 'button', onClick, ...more }, text);

/** Draws the panel into `root`, and draws it anew with each step. Returns its own undo. */
export function openPanel(root: ShadowRoot, settings: PanelSettings): () => void {
  const { managers: named, limit, isDocked } = settings;
  const record = createRecord(limit);
  const news = createNews();
  const numbers = Object.entries(named).map(([name, auth]) => [name, numberOf(auth)] as const);
  const nameOf = (number: number) =>
    numbers.find(([, known]) => known === number)?.[0] ?? `manager ${number}`;
  const timeLine = createTimeLine(nameOf);
  const silent = numbers.flatMap(([name, number]) => (number === undefined ? name : []));
  let isOpen = settings.isOpen || !isDocked;
  let filter = '';
  /** What is shown while the time line stands still. */
  let paused: readonly Row[] | undefined;
  /** What the clipboard has refused. */
  let refused: string | undefined;

  const shown = () => filtered(paused ?? record.rows, filter);
  const find = (selector: string) => root.querySelector<HTMLElement>(selector);

  async function copyAll(): Promise<void> {
    const rows = shown();
    const text = textOf(record.managers, rows, nameOf);
    const isCopied = await copy(text);
    refused = isCopied ? undefined : text;
    news.say(isCopied ? `${rows.length} steps copied` : 'The browser refuses the clipboard: copy the text.');
    draw();
    root.querySelector('textarea')?.select();
  }

  function fold(): void {
    isOpen = !isOpen;
    draw();
    find(isOpen ? 'input' : '.handle')?.focus();
  }

  const tools = () =>
    h(
      'div',
      { class: 'tools', role: 'group', 'aria-label': 'What is shown' },
      h(
        'label',
        null,
        'Filter by URL ',
        h('input', {
          ...{ type: 'search', value: filter, spellcheck: false, autocomplete: 'off' },
          onInput({ currentTarget }: { currentTarget: HTMLInputElement }) {
            filter = currentTarget.value;
            draw();
          },
        }),
      ),
      button(
        'Pause',
        () => {
          paused = paused ? undefined : record.rows;
          draw();
        },
        { 'aria-pressed': `${!!paused}` },
      ),
      button('Clear', () => {
        record.clear();
        paused &&= [];
        draw();
      }),
      button('Copy as text', copyAll),
      isDocked && button('Close', fold),
    );

  const notice = () => {
    if (silent.length) return h('p', { class: 'notice' }, silentNotice(silent));
    return !record.isHeard && h('p', { class: 'notice' }, silenceNotice);
  };

  const body = () => {
    const rows = shown();
    return h(
      'section',
      {
        // With one manager each line is its own.
        ...{
          id: 'panel',
          class: `panel${record.managers.length > 1 ? '' : ' alone'}`,
          'aria-label': 'evertoken',
        },
        onKeyDown(event: KeyboardEvent) {
          // What is typed here is no shortcut of the app; a first Escape empties the filter.
          event.stopPropagation();
          if (isDocked && event.key === 'Escape' && !filter) fold();
        },
      },
      h('div', { class: 'head' }, h('h2', null, 'evertoken'), tools()),
      notice(),
      cards(record.managers, nameOf, Date.now()),
      timeLine(rows, !!filter.trim()),
      refused !== undefined &&
        h('textarea', { readOnly: true, value: refused, 'aria-label': 'The steps as text', rows: 6 }),
      h('p', { class: 'unseen', role: 'status' }, news.text),
    );
  };

  const handle = () =>
    isDocked &&
    button('evertoken', fold, {
      ...{ class: 'handle', 'aria-expanded': `${isOpen}`, 'aria-controls': isOpen ? 'panel' : undefined },
      hidden: isOpen,
    });

  function draw(): void {
    const before = find('.steps');
    // Who reads further up is left there.
    const isAtEnd = !before || before.scrollHeight - before.scrollTop - before.clientHeight < 40;
    render([handle(), isOpen && body()], root);
    const steps = find('.steps');
    if (steps && isAtEnd) steps.scrollTop = steps.scrollHeight;
  }

  const drawSoon = inAMoment(() => isActive && draw());
  let isActive = true;
  const undo = [
    listen((step) => {
      const row = record.hear(step);
      if (row) news.take(row);
      if (isOpen) drawSoon();
    }),
    everySecond(() => {
      news.tick();
      if (isOpen) draw();
    }),
  ];
  draw();
  return () => {
    isActive = false;
    for (const task of undo) task();
    render(null, root);
  };
}
