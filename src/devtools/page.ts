/** What the panel needs of its page: a place in it, a clock that ticks, the clipboard. */

export const isPage = (): boolean => typeof document !== 'undefined' && typeof customElements !== 'undefined';

/** An element of this name at the end of `parent`; `prepare` has it before it is there. */
export function append(
  name: string,
  parent: { append(...nodes: never[]): unknown } = document.body,
  attributes: Record<string, string> = {},
  prepare: (element: HTMLElement) => unknown = () => {},
): HTMLElement {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  prepare(element);
  // The types of the package need no DOM library.
  (parent as ParentNode).append(element);
  return element;
}

/** None of what has only `append`. */
export const childrenOf = (parent: object = document.body): Element[] => [
  ...((parent as Partial<ParentNode>).children ?? []),
];

/** Calls `task` once a second while the page is seen. Returns its own undo. */
export function everySecond(task: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) task();
  }, 1_000);
  return () => clearInterval(timer);
}

/**
 * Calls `task` in a moment, however often it is asked for until then. By a timer, because a page that is hidden has no
 * frames, and whoever comes back to it would find a panel of long ago.
 */
export function inAMoment(task: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setTimeout(() => {
      isAsked = false;
      task();
    }, 16);
  };
}

/** Answers whether the clipboard has it; a browser may refuse. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
