/** A page whose scripts put members on `Object.prototype`. */

const root = Object.prototype as unknown as Record<string, unknown>;

/** What the task brings while these are there; expectations stand outside, because they look at members, too. */
export async function polluted<T>(members: Record<string, unknown>, task: () => T | Promise<T>): Promise<T> {
  const names = Object.keys(members);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(root, name));
  for (const name of names) {
    Object.defineProperty(root, name, {
      value: members[name],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  try {
    return await task();
  } finally {
    names.forEach((name, index) => {
      delete root[name];
      const own = before[index];
      if (own) Object.defineProperty(root, name, own);
    });
  }
}
