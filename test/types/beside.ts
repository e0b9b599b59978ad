/** Lines that must compile, of the entry points beside the root. */
import type { TokenManager } from 'evertoken';
import { type DevtoolsOptions, mountDevtools } from 'evertoken/devtools';
import { type IdleOptions, signOutWhenIdle } from 'evertoken/idle';
import { createAuthorizationServer, type StoreSubject } from 'evertoken/testing';

declare const auth: TokenManager;

// Every optional property takes undefined.
const idle: IdleOptions = {
  after: 1,
  maxAge: undefined,
  warnBefore: undefined,
  onWarn: undefined,
  onActive: undefined,
};
signOutWhenIdle(auth, idle)();

const panel: DevtoolsOptions = {
  managers: undefined,
  place: undefined,
  open: undefined,
  theme: undefined,
  limit: undefined,
  parent: undefined,
};
mountDevtools(panel)();

export const subject: StoreSubject = {
  says: {
    contexts: undefined,
    whenDown: undefined,
    forgets: undefined,
    watch: undefined,
    lock: undefined,
    age: undefined,
  },
  open: () => ({ read: async () => undefined, replace: async () => true }),
  reset: () => {},
  close: undefined,
  kill: undefined,
  damage: undefined,
  fail: undefined,
  loseAnswer: undefined,
  forget: undefined,
  pass: undefined,
  race: undefined,
  times: undefined,
};

const server = createAuthorizationServer({
  issuer: undefined,
  endpoints: undefined,
  accessTokenLifetime: undefined,
  refreshTokenLifetime: undefined,
  rotation: undefined,
  reuseInterval: undefined,
  claims: undefined,
});
server.failNextRefresh(503, { times: undefined, after: undefined });
server
  .issue({ subject: undefined, scope: undefined, clientId: undefined })
  .then((tokens) => auth.signIn(tokens));
// @ts-expect-error it is no failure
server.failNextRefresh('offlin');
