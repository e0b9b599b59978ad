/** Checks the options once, at creation, and fills in the defaults. */
import type { TokenManagerOptions } from './api.ts';
import { checkMembers, refuse } from './check.ts';
import { memberOf } from './own.ts';
import { type Place, placesOf } from './request/allow.ts';
import { bearer } from './request/bearer.ts';
import type { Attach, Refresh } from './types.ts';

/** The options with their defaults. */
export interface Settings extends TokenManagerOptions {
  readonly places: readonly Place[];
  readonly refreshAhead: number | false;
  readonly leeway: number;
  readonly refreshTimeout: number;
  readonly attach: Attach;
  /** Of `attach`. */
  readonly replace: Attach['replace'];
  readonly onResponse: Attach['onResponse'];
  /** Of `refresh`. */
  readonly withoutRefreshToken: Refresh['withoutRefreshToken'];
}

/** For all managers: the headers that it keeps go with the tokens they were made of. */
const standard = /* @__PURE__ */ bearer();

const aFunction = 'function or undefined';
export const aDuration = 'number >= 0 or undefined';
export const aText = 'string or undefined';

const kinds: Record<keyof TokenManagerOptions, string> = {
  refresh: 'function',
  allow: 'string or function or object or array',
  store: 'object or undefined',
  refreshAhead: `${aDuration} or false`,
  leeway: aDuration,
  keepFresh: 'boolean or undefined',
  refreshTimeout: aDuration,
  attach: 'object or undefined',
  isRejected: aFunction,
  capture: 'array or undefined',
  revoke: aFunction,
  fetch: aFunction,
};

/** @throws TypeError that names the option, the kind of its value and what is allowed. */
export function readOptions(given: TokenManagerOptions): Settings {
  const options = checkMembers('options', given, kinds);
  const {
    refresh,
    store,
    refreshAhead = 60_000,
    leeway = 10_000,
    refreshTimeout = 15_000,
    attach = standard,
  } = options;
  if (store && !store.join)
    refuse(
      'options.store',
      store,
      __DEVELOPMENT__ ? "webStore('your-app'), or keyValueStore('your-app', it)" : 'a store',
    );
  // A session must not be left unjoined by mistake.
  (memberOf(refresh, 'checkStore') as ((store: unknown) => void) | undefined)?.(store);
  if (typeof attach.headers !== 'function' || !Array.isArray(attach.tokenTypes)) {
    refuse('options.attach', attach, 'an object with tokenTypes and headers');
  }
  if (options.keepFresh && refreshAhead === false)
    refuse('options.refreshAhead', refreshAhead, 'number, for keepFresh');
  const places = placesOf(options.allow, 'options.allow');
  return Object.assign(options, {
    ...{ places, refreshAhead, leeway, refreshTimeout, attach },
    withoutRefreshToken: memberOf(refresh, 'withoutRefreshToken') as Settings['withoutRefreshToken'],
    replace: memberOf(attach, 'replace') as Settings['replace'],
    onResponse: memberOf(attach, 'onResponse') as Settings['onResponse'],
  });
}
