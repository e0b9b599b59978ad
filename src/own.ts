/** Members of objects that come from elsewhere: what a page put on `Object.prototype` is nobody's (R37). */

/** A member that the value itself, or its class, has; none where its getter throws. */
export function memberOf(value: unknown, name: string): unknown {
  try {
    const member = Object(value)[name];
    if (member !== (Object.prototype as never)[name] || Object.hasOwn(Object(value), name)) return member;
  } catch {}
  return undefined;
}

/** Has no members, and inherits none. */
export const nothing: unknown = /* @__PURE__ */ Object.create(null);

/** Its own ones, in an object that inherits nothing; of nothing, one without members. */
export const ownMembers = <T extends object>(value: T | null | undefined): T =>
  // Without any, it would be a hash table in V8, of five times the memory.
  Object.assign(Object.create(nothing as null), value);
