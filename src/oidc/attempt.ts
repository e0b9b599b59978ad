/** What a function answers, or `undefined` where it throws: for parsers, whose errors may quote what they were given. */
export function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
