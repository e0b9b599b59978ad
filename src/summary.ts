/** What may be told of something that a callback of the user or a store threw (R70): never the thing itself. */

/** Without what JSON and forms put in the place of a character: each does it in a way of its own. */
const unescaped = (text: string): string =>
  text.replace(
    /\\u([\da-f]{4})|%([\da-f]{2})|\\(.)/gi,
    (_all, unicode, percent, letter) =>
      letter ?? String.fromCharCode(Number.parseInt(unicode ?? percent, 16)),
  );

/** How a token may stand in a text: plain, or in base64, which begins at one of three places. */
function formsOf(token = ''): string[] {
  const forms = [unescaped(token)];
  try {
    for (const text of [token, encodeURIComponent(token)])
      for (const before of ['', ' ', '  ']) forms.push(btoa(before + text).slice(before ? 4 : 0, -4));
  } catch {} // no text of Unicode, or of Latin-1
  return forms.filter((form) => form.length > 3);
}

/**
 * An error made anew, with the name, message, `code`, `status` and OAuth `error` of what was thrown, each only where it
 * holds no token.
 *
 * @param secrets - The tokens that the manager knows.
 */
export function summaryOf(thrown: unknown, secrets: readonly (string | undefined)[]): Error {
  const hidden = secrets.flatMap((secret) => formsOf(secret));
  const from = (Object(thrown) === thrown ? thrown : { message: thrown && String(thrown) }) as Record<
    string,
    unknown
  >;
  const summary = new Error('failed, with a message that is not shown');
  for (const name of ['name', 'message', 'code', 'status', 'error']) {
    try {
      const value = from[name];
      const texts = [`${value}`, unescaped(`${value}`)];
      const isTold =
        /^(string|number)$/.test(typeof value) &&
        !hidden.some((form) => texts.some((text) => text.includes(form)));
      if (isTold) Object.defineProperty(summary, name, { value, enumerable: !(name in summary) });
    } catch {} // a getter that throws
  }
  return summary;
}
