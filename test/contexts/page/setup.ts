/** What the address says about this page or worker, and the platform as it was before anything was taken away. */

/** What can be taken away before the package is loaded. */
export type Missing = 'locks' | 'channel' | 'database';

/** Of a backend that keeps the refresh token in a cookie; its refresh is the `tokenEndpoint`. */
export interface CookieRoutes {
  login: string;
  signOut: string;
}

export interface Setup {
  api: string;
  tokenEndpoint: string;
  clientId: string;
  /** Where `webStore` keeps the session; `none`: no store. @default 'local' */
  area?: 'local' | 'session' | 'none' | undefined;
  /** Of the store and of the key. @default 'shop' */
  name?: string | undefined;
  /** An HttpOnly cookie holds the session, and `cookieStore` joins the tabs. */
  cookie?: CookieRoutes | undefined;
  /** Nothing is sent with `keepalive`: requests go with their page. @default false */
  isShortLived?: boolean | undefined;
  refreshTimeout?: number | undefined;
  /** Tokens are bound to a key. @default false */
  dpop?: boolean | undefined;
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
  database() {
    IDBFactory.prototype.open = () => {
      throw new DOMException('The database is blocked', 'SecurityError');
    };
  },
};

for (const [key, value] of Object.entries(setup.copied ?? {})) sessionStorage.setItem(key, value);

for (const missing of setup.without ?? []) remove[missing]();
