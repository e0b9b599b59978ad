/** The body of a request, read as a form or as JSON. */

/** The members that are texts; of what is neither, none. `true` is a text here. */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const body = await request.text();
  const isJson = /json/i.test(request.headers.get('content-type') ?? '') || body.startsWith('{');
  let pairs: [string, unknown][] = isJson ? [] : [...new URLSearchParams(body)];
  try {
    if (isJson) pairs = Object.entries(JSON.parse(body));
  } catch {
    // A body that is no JSON has no members.
  }
  const texts = pairs.filter(([, value]) => typeof value === 'string' || value === true);
  return Object.fromEntries(texts.map(([name, value]) => [name, `${value}`]));
}
