/** Waits, with whatever timer there is now: tests may replace it. */
export const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
