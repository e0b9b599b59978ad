/** Members that are an object's own: what a page put on `Object.prototype` is nobody's option, header or token (R37). */

/** A shallow copy without a prototype; of nothing, one without members. */
export const ownOf = <T extends object>(from: T | null | undefined): T =>
  ({ __proto__: null, ...from }) as unknown as T;
