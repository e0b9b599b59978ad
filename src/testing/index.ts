/** evertoken/testing: an authorization server for tests, and the suite that decides whether something is a store. */
export {
  type AuthorizationServer,
  createAuthorizationServer,
  type IssueOptions,
  type MswHttp,
} from './authorization-server.ts';
export { describeStore, type Runner } from './describe-store.ts';
export type { FailureOptions, RefreshFailure } from './failures.ts';
export type { Guard, GuardedInfo, GuardedSession, GuardOptions } from './guard.ts';
export type { RefreshFormat, RefreshRecord } from './refreshes.ts';
export type { AuthorizationServerOptions, Endpoint } from './server-options.ts';
export type { StoreSubject, StoreTraits } from './store-subject.ts';
export { increment } from './store-tools.ts';
