/** The page as the client needs it: its URL and its time. */

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The page's URL; none outside a page. */
export const currentUrl = (): string | undefined => globalThis.location?.href;

export const leaveFor = (url: string): void => location.assign(url);

/** Makes no new entry of the history, and keeps the state that a router has in it. */
export const replaceUrl = (url: string): void => history.replaceState(history.state, '', url);
