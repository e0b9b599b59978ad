/** How the outcome of an expression leaves a page: as JSON, be it a value or an error. */

type Outcome = { value?: unknown; error?: string };

/** An expression whose value is a promise of the outcome; it never rejects. */
export const answerOf = (expression: string): string => `(async () => {
  try {
    return JSON.stringify({ value: await (${expression}
    ) });
  } catch (error) {
    const { name, message, code } = Object(error);
    const what = message === undefined ? String(error) : name + ': ' + message;
    return JSON.stringify({ error: typeof code === 'string' ? what + ' (' + code + ')' : what });
  }
})()`;

/** The value, or the error thrown. */
export function readAnswer<T>(answer: string): T {
  const { value, error } = JSON.parse(answer) as Outcome;
  if (error !== undefined) throw new Error(error);
  return value as T;
}
