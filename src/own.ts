/** Members of objects that come from elsewhere: what a page put on `Object.prototype` is nobody's (R37). */

/** A member that the value itself, or its class, has. */
export function memberOf(value: unknown, name: string): unknown {
  const member = Object(value)[name];
  const isOwn = member !== (Object.prototype as never)[name] || Object.hasOwn(Object(value), name);
  return isOwn ? member : undefined;
}

/** Its own ones, in an object without a prototype; of nothing, one without members. */
export const ownMembers = <T extends object>(value: T | null | undefined): T =>
  // The compiler knows neither that `null` spreads to nothing, nor that the prototype is no member.
  ({ __proto__: null, ...value }) as unknown as T;
