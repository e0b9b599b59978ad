/** The window of a sign-in: how it and the page that opened it find each other again, even where a server cuts them apart. */
import { OidcError } from './oidc-error.ts';
import { pause } from './page.ts';

/** What ends the `state` of a sign-in in a popup. */
export const POPUP = '.popup';

/** No other channel of the app's, whatever a state that somebody made up says. */
const channelOf = (state: string) => new BroadcastChannel(`evertoken.oidc.${state}`);

/**
 * Empty, because browsers let only a click open a window, and its URL is known later. What is shown in it must not
 * reach the page that opened it.
 *
 * @throws OidcError `popup-blocked`.
 */
export function openPopup(): Window {
  // Outside a page nothing opens one.
  const popup = globalThis.open?.('', '', 'width=640,height=640');
  if (!popup) throw new OidcError('popup-blocked');
  popup.opener = null;
  return popup;
}

/**
 * In the page: the parameters of the callback.
 *
 * @throws OidcError `popup-closed`.
 */
export async function parametersFrom(popup: Window, state: string): Promise<URLSearchParams> {
  // Named by the state, which nobody else knows; only pages of this origin hear it.
  const channel = channelOf(state);
  let parameters: string | undefined;
  channel.onmessage = ({ data }) => {
    parameters = data;
  };
  // After Cross-Origin-Opener-Policy a popup looks closed while the user is in it. Then the focus is there, not here.
  for (let gone = 0; !parameters && gone < 4; gone = popup.closed && document.hasFocus() ? gone + 1 : 0) {
    await pause(200);
  }
  channel.close();
  if (!parameters) throw new OidcError('popup-closed');
  return new URLSearchParams(parameters);
}

/**
 * In the popup: hands the parameters of the callback over and closes the window.
 *
 * @throws OidcError `unknown-state`: the window is still there, so it is none that a script has opened.
 */
export async function handOver(parameters: URLSearchParams, state: string): Promise<never> {
  const channel = channelOf(state);
  channel.postMessage(`${parameters}`);
  await pause(200);
  // One that is open keeps a Node process alive.
  channel.close();
  globalThis.close?.();
  await pause(1_000);
  throw new OidcError('unknown-state');
}
