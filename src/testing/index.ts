/** `evertoken/testing`: an authorization server for tests, and the suite that decides whether something is a store. */
export { describeStore, type Runner } from './describe-store.ts';
export type { StoreSubject, StoreTraits } from './store-subject.ts';
export { increment } from './store-tools.ts';
