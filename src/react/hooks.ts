/** The hooks and components: the one place that touches React. */
import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useSyncExternalStore,
} from 'react';
import type { AnyListener, TokenEvents, TokenManager } from '../api.ts';
import { type Session, unknownSession, watched } from './session.ts';

const Context = createContext<TokenManager | undefined>(undefined);

/** What {@link AuthProvider} takes. */
export interface AuthProviderProps {
  auth: TokenManager;
  children?: ReactNode;
}

/** What {@link RequireSession} takes. */
export interface RequireSessionProps {
  /** @default the one of the `AuthProvider` around it */
  auth?: TokenManager | undefined;
  /** Shown while nobody is signed in; a function is told why. */
  fallback: ReactNode | ((session: Session) => ReactNode);
  /** Shown while that is not known yet. @default nothing */
  pending?: ReactNode;
  children?: ReactNode;
}

function useManager(given: TokenManager | undefined): TokenManager {
  const around = useContext(Context);
  const auth = given ?? around;
  if (auth?.subscribe) return auth;
  throw new TypeError(
    'evertoken/react: there is no manager. Hand over what createTokenManager() made, or render <AuthProvider auth={auth}> around the component.',
  );
}

/**
 * What a component can show of the session. It renders again when something of that has changed, and not for a refresh
 * that worked. While it is mounted it watches the manager; where a cookie holds the session, the first one asks the server.
 *
 * @param auth - The manager. Default: the one of the {@link AuthProvider} around it.
 * @throws TypeError where there is none.
 *
 * @example
 * import { useSession } from 'evertoken/react';
 *
 * export function Hello() {
 *   const { status, claims, reconnecting } = useSession(auth);
 *   if (status !== 'signed-in') return null;
 *   return <p>Hello {claims.name}{reconnecting && ', reconnecting'}</p>;
 * }
 */
export function useSession(auth?: TokenManager): Session {
  const { subscribe, snapshot } = watched(useManager(auth));
  return useSyncExternalStore(subscribe, snapshot, () => unknownSession);
}

/**
 * Calls the newest `listener` for each event while the component is mounted; `'*'` for all of them, as `auth.on` does.
 *
 * @param auth - The manager; `undefined` for the one of the {@link AuthProvider} around it.
 * @throws TypeError where there is none.
 *
 * @example
 * import { useTokenEvent } from 'evertoken/react';
 *
 * useTokenEvent(auth, 'signed-out', ({ reason }) => reason === 'ended' && navigate('/login'));
 */
export function useTokenEvent<E extends keyof TokenEvents>(
  auth: TokenManager | undefined,
  event: E,
  listener: (payload: TokenEvents[E]) => unknown,
): void;
export function useTokenEvent(auth: TokenManager | undefined, event: '*', listener: AnyListener): void;
export function useTokenEvent(
  auth: TokenManager | undefined,
  event: '*',
  listener: (event: keyof TokenEvents) => unknown,
): void;
export function useTokenEvent(
  auth: TokenManager | undefined,
  event: keyof TokenEvents | '*',
  listener: (...args: never[]) => unknown,
): void {
  const manager = useManager(auth);
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(
    () => manager.on(event as '*', (...args: unknown[]) => newest.current(...(args as never[]))),
    [manager, event],
  );
}

/**
 * Gives the manager to the components inside, and watches it as long as it is mounted: around the whole app it knows
 * why a session is over also where no other component was there to see it.
 *
 * @example
 * import { AuthProvider } from 'evertoken/react';
 *
 * createRoot(element).render(<AuthProvider auth={auth}><App /></AuthProvider>);
 */
export function AuthProvider({ auth, children }: AuthProviderProps): ReactNode {
  const manager = useManager(auth);
  useEffect(() => watched(manager).subscribe(() => {}), [manager]);
  return createElement(Context.Provider, { value: manager }, children);
}

/**
 * The manager of the {@link AuthProvider} around the component.
 *
 * @throws TypeError where there is none.
 *
 * @example
 * import { useAuth } from 'evertoken/react';
 *
 * const auth = useAuth();
 * return <button onClick={() => auth.signOut()}>Sign out</button>;
 */
export function useAuth(): TokenManager {
  return useManager(undefined);
}

/**
 * Renders what is inside for whoever is signed in. What needs a session and stands inside is mounted with it and
 * unmounted at its end. It hides a screen and guards no data: that does the API.
 *
 * @throws TypeError where there is no manager.
 *
 * @example
 * import { RequireSession } from 'evertoken/react';
 *
 * <RequireSession auth={auth} pending={<Skeleton />} fallback={({ reason }) => <Login expired={reason === 'ended'} />}>
 *   <App />
 * </RequireSession>
 */
export function RequireSession({ auth, fallback, pending, children }: RequireSessionProps): ReactNode {
  const session = useSession(auth);
  if (session.status === 'signed-in') return children;
  if (session.status === 'unknown') return pending;
  return typeof fallback === 'function' ? fallback(session) : fallback;
}
