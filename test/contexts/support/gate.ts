/** A gate before an endpoint: while it is shut, calls wait. */

export function createGate() {
  let opening: PromiseWithResolvers<void> | undefined;
  let arrival: PromiseWithResolvers<void> | undefined;
  return {
    /** For the endpoint to await. */
    enter(): Promise<void> | undefined {
      arrival?.resolve();
      return opening?.promise;
    },
    /** Resolves when the first call waits. */
    async shut(): Promise<void> {
      opening = Promise.withResolvers();
      arrival = Promise.withResolvers();
      await arrival.promise;
    },
    open(): void {
      opening?.resolve();
      opening = undefined;
    },
    /** Open for those who come from now on; those who wait never get in. */
    forget(): void {
      opening = undefined;
    },
  };
}
