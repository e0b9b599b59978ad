/** evertoken/react: what components show of a session, and a guard around those that need one. */
export {
  AuthProvider,
  type AuthProviderProps,
  RequireSession,
  type RequireSessionProps,
  useAuth,
  useSession,
  useTokenEvent,
} from './hooks.ts';
export type { Session } from './session.ts';
