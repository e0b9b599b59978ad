/** What may be told of something that a callback of the user or a store threw (R70): never the thing itself. */

/** Letters and digits alone: JSON, forms and base64url each put something else in the place of other characters. */
const bare = (text: string): string => text.replace(/\\u[\da-f]{4}|%[\da-f]{2}|\W|_/gi, '');

/** How a token may stand in a text: plain, or in base64, which begins at one of three places. */
function formsOf(token = ''): string[] {
  // What looks like an escape in a token is none once its own signs are escaped.
  const forms = [token, bare(token), token.replace(/\W|_/g, '')];
  try {
    for (const text of [token, encodeURIComponent(token)])
      for (const before of ['', ' ', '  ']) forms.push(bare(btoa(before + text).slice(before ? 4 : 0, -4)));
  } catch {} // no text of Unicode, or of Latin-1
  return forms.filter((form) => form.length > 3);
}

/**
 * An error made anew, with the name, message, `code`, `status` and OAuth `error` of what was thrown, each only where it
 * holds no token.
 *
 * @param secrets - The tokens that the manager knows.
 * @param instead - The message where that of its own is not shown.
 */
export function summaryOf(
  thrown: unknown,
  secrets: readonly (string | undefined)[],
  instead = 'failed, with a message that is not shown',
): Error {
  const hidden = secrets.flatMap((secret) => formsOf(secret));
  const from = (Object(thrown) === thrown ? thrown : { message: thrown && String(thrown) }) as Record<
    string,
    unknown
  >;
  const summary = new Error(instead) as Error & Record<string, unknown>;
  for (const name of ['name', 'message', 'code', 'status', 'error']) {
    try {
      const value = from[name];
      const said = `${value}`;
      // As it is, too: a token may begin like the rest of an escape; and a URL may stand within another one.
      const text = `${said} ${bare(said)} ${bare(said.replace(/%25/g, '%'))}`;
      const isTold = /^(string|number)$/.test(typeof value) && !hidden.some((form) => text.includes(form));
      if (isTold) summary[name] = value;
    } catch {} // a getter that throws
  }
  return summary;
}
