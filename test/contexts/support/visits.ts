/** The pages of one tab, one after the other: what is asked of a page that is left rejects, in every engine. */
export function createVisits() {
  let visit = new AbortController();
  return {
    /** The answer of the page that is there now. */
    ask<T>(answer: Promise<T>): Promise<T> {
      const { signal } = visit;
      const left = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      return Promise.race([answer, left]);
    },
    /** Leaves the page in this way. */
    leave<T>(by: () => Promise<T>): Promise<T> {
      visit.abort(new Error('the page was left before it answered'));
      visit = new AbortController();
      return by();
    },
  };
}
