/** What the address says about this page or worker, and the platform as it was before anything was taken away. */

/** What can be taken away before the package is loaded. */
export type Missing = 'locks' | 'channel' | 'storage';

/** Of a backend that keeps the refresh token in a cookie; its refresh is the `tokenEndpoint`. */
export interface CookieRoutes {
  login: string;
  signOut: string;
  /** Whether the sign-out asks for less than a request that outlives the page. @default false */
  isShortLived?: boolean | undefined;
}

export interface Setup {
  api: string;
  tokenEndpoint: string;
  clientId: string;
  /** @default 'local' */
  storage?: 'local' | 'session' | 'database' | 'encrypted' | undefined;
  name?: string | undefined;
  /** An HttpOnly cookie holds the session, and nothing is stored. */
  cookie?: CookieRoutes | undefined;
  refreshTimeout?: number | undefined;
  /** Tokens are bound to a key. @default false */
  dpop?: boolean | undefined;
  /** Milliseconds that an answer of the API needs to arrive. @default 0 */
  apiDelay?: number | undefined;
  without?: Missing[] | undefined;
  /** What a duplicated tab finds in `sessionStorage`. */
  copied?: Record<string, string> | undefined;
  /** Takes no part in what one page asks of all, which needs an open channel. @default false */
  isAlone?: boolean | undefined;
}

export const setup = JSON.parse(new URLSearchParams(location.search).get('setup') ?? '{}') as Setup;

export const Channel = BroadcastChannel;

const later = setTimeout;
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => later(resolve, ms));

const remove: Record<Missing, () => unknown> = {
  locks: () => Reflect.deleteProperty(Navigator.prototype, 'locks'),
  channel: () => Reflect.deleteProperty(globalThis, 'BroadcastChannel'),
  storage() {
    for (const method of ['getItem', 'setItem', 'removeItem'] as const) {
      Storage.prototype[method] = () => {
        throw new DOMException('The storage is blocked', 'SecurityError');
      };
    }
  },
};

for (const [key, value] of Object.entries(setup.copied ?? {})) sessionStorage.setItem(key, value);

for (const missing of setup.without ?? []) remove[missing]();
