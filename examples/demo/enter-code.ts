/** A user who was shown a code by a device enters it at the authorization server, form by form (RFC 8628 §3.3). */
import { fetchWithCookies } from './cookie-jar.ts';

const MAX_STEPS = 15;

export interface User {
  /** @default 'alice' */
  login?: string;
  /** Says no when asked whether the code is theirs. @default false */
  deny?: boolean;
}

/** @param url - Where the device sends its users, with or without the code in it. */
export async function enterCode(url: string, code: string, user: User = {}): Promise<void> {
  const browse = fetchWithCookies();
  let page = new URL(url);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const init: RequestInit = form ? { method: 'POST', body: form } : {};
    const response = await browse(page, { ...init, redirect: 'manual' });
    const location = response.headers.get('location');
    const html = await response.text();
    const action = /action="([^"]+)"/.exec(html)?.[1];
    // Who said no is asked for another code.
    if (!location && (!action || form?.has('abort'))) return;
    form = location ? undefined : fillIn(html, code, user);
    page = new URL(location ?? `${action}`, page);
  }
  throw new Error(`The sign-in did not end within ${MAX_STEPS} pages.`);
}

function fillIn(html: string, code: string, { login = 'alice', deny }: User): URLSearchParams {
  const hidden = html.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g);
  const form = new URLSearchParams([...hidden].map(([, name = '', value = '']) => [name, value]));
  if (html.includes('name="user_code" placeholder')) form.set('user_code', code);
  if (form.get('prompt') === 'login') {
    form.set('login', login);
    form.set('password', 'any will do');
  }
  if (deny && form.has('confirm')) form.set('abort', 'yes');
  return form;
}
