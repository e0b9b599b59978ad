/** A `fetch` that keeps cookies, as a browser's does. */

export function fetchWithCookies(): typeof fetch {
  const cookies = new Map<string, string>();
  return async (input, init) => {
    const request = new Request(input, init);
    if (cookies.size > 0)
      request.headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '));
    const response = await fetch(request);
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    return response;
  };
}

function keep(cookies: Map<string, string>, line: string): void {
  const pair = line.split(';', 1)[0] ?? '';
  const name = pair.slice(0, pair.indexOf('='));
  const removed = /;\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(line);
  if (removed) cookies.delete(name);
  else cookies.set(name, pair.slice(name.length + 1));
}
