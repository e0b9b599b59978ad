/** Members of objects that come from elsewhere: what a page put on `Object.prototype` is nobody's (R37). */

const everybodys = Object.prototype as unknown as Record<string, unknown>;

/** A member that the value itself, or its class, has. */
export function memberOf(value: unknown, name: string): unknown {
  const object = Object(value) as Record<string, unknown>;
  const isOwn = Object.hasOwn(object, name) || object[name] !== everybodys[name];
  return isOwn ? object[name] : undefined;
}
