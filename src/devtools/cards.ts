/** The managers of this page, each on a card: who is signed in, where it is kept, how long its token lives. */
import { h, type VNode } from './dom.ts';
import { lengthOf, lifeBar } from './life.ts';
import { type ManagerState, shortened } from './managers.ts';
import { timeOf } from './row.ts';
import type { NameOf } from './text.ts';

const ends: Record<string, string> = {
  local: 'signed out',
  ended: 'ended by the authorization server',
  replaced: 'replaced by another sign-in',
};

const statuses: Record<ManagerState['status'], string> = {
  unknown: 'not known yet',
  'signed-in': 'signed in',
  'signed-out': 'signed out',
  closed: 'closed',
};

/** Names and values; what is `undefined` is left out. */
const facts = (all: Record<string, string | undefined>): VNode =>
  h(
    'dl',
    null,
    Object.entries(all)
      .filter(([, value]) => value)
      .map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );

function card(manager: ManagerState, nameOf: NameOf, now: number): VNode {
  const { number, status, sessionId, store, allow, life, end, retryAt } = manager;
  const isWaiting = retryAt !== undefined && retryAt > now;
  return h(
    'li',
    { key: number, class: 'card' },
    h('h3', null, nameOf(number), ' ', h('span', { class: `status ${status}` }, statuses[status])),
    facts({
      session: sessionId && shortened(sessionId),
      store,
      'may carry the token': allow.join(', '),
      'last end': end && `${timeOf(end.at)} ${ends[end.reason]}${end.elsewhere ? ', elsewhere' : ''}`,
      'next refresh': isWaiting ? `in ${lengthOf(retryAt - now)} at the earliest` : undefined,
    }),
    life && lifeBar(life, now),
  );
}

/** @param now - ms since the epoch. */
export const cards = (managers: readonly ManagerState[], nameOf: NameOf, now: number): VNode =>
  h(
    'ul',
    { class: 'cards', role: 'list', 'aria-label': 'Managers of this page' },
    managers.map((one) => card(one, nameOf, now)),
  );
