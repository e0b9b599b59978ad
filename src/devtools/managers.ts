/** What is known of each manager, from what it has told. */
import type { Step } from '../development.ts';

/** The moments of a token, in ms since the epoch; only `issuedAt` where its lifetime is unknown. */
export interface Life {
  readonly issuedAt: number;
  readonly aheadAt?: number;
  readonly waitAt?: number;
  readonly expiresAt?: number;
}

export interface ManagerState {
  readonly number: number;
  readonly status: 'unknown' | 'signed-in' | 'signed-out' | 'closed';
  readonly store: string;
  /** Texts of its rules. */
  readonly allow: readonly string[];
  readonly sessionId?: string | undefined;
  readonly life?: Life | undefined;
  /** How the last session ended, and when. */
  readonly end?: { readonly reason: string; readonly elsewhere: boolean; readonly at: number } | undefined;
  /** Until when no request tries a refresh again. */
  readonly retryAt?: number | undefined;
}

/** More are no help, and each hot reload may make one. */
const MOST = 20;

type Detail = Readonly<Record<string, unknown>>;

/** What a step changes. */
const changes: Record<string, (detail: Detail, at: number) => Partial<ManagerState>> = {
  // Whatever the manager says of itself is of these types: its own build made it.
  created: ({ status = 'unknown', store = '', allow = [] }) => ({ status, store, allow }) as ManagerState,
  status: ({ status }) => ({ status }) as Partial<ManagerState>,
  closed: () => ({ status: 'closed' }),
  'signed-in': ({ sessionId, life }) => ({
    ...{ status: 'signed-in', retryAt: undefined },
    ...({ sessionId, life } as Pick<ManagerState, 'sessionId' | 'life'>),
  }),
  'token-refreshed': ({ life }) => ({ life: life as Life, retryAt: undefined }),
  'refresh-failed': ({ retryAt }) => ({ retryAt: Number(retryAt) }),
  'signed-out': ({ reason, elsewhere }, at) => ({
    ...{ status: 'signed-out', sessionId: undefined, life: undefined, retryAt: undefined },
    end: { reason: `${reason}`, elsewhere: !!elsewhere, at },
  }),
};

/** The managers after a step; the same where it changes none. */
export function nextManagers(managers: readonly ManagerState[], step: Step): readonly ManagerState[] {
  const { manager: number } = step.detail;
  const change = Object.hasOwn(changes, step.step) ? changes[step.step] : undefined;
  if (typeof number !== 'number' || !change) return managers;
  const before = managers.find((one) => one.number === number);
  const next = { number, status: 'unknown', store: '', allow: [], ...before } as const;
  const changed: ManagerState = { ...next, ...change(step.detail, step.at) };
  const all = before
    ? managers.map((one) => (one === before ? changed : one))
    : [...managers, changed].sort((a, b) => a.number - b.number);
  const surplus = all.length > MOST && (all.find(({ status }) => status === 'closed') ?? all[0]);
  return surplus ? all.filter((one) => one !== surplus) : all;
}

/** As a person reads it; a session id says enough with its first letters. */
export const shortened = (id: string): string => (id.length > 8 ? `${id.slice(0, 8)}…` : id);
