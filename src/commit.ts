/** The one commit point: everything that changes the tokens passes here, one at a time, and before all contexts. */
import type { Held, Session, Sessions } from './contracts.ts';
import { claimed, type Entry, nextNumber } from './ledger.ts';
import { createId } from './session.ts';
import type { StoredSession } from './storage.ts';
import { createReader, type ReaderParts } from './sync.ts';

export type CommitParts = Omit<ReaderParts, 'inTurn' | 'isEnding'>;

export function createSessions(parts: CommitParts): Sessions {
  const { state, store, ledger, post } = parts;
  const { gate, leave, begin, update } = state;
  const me = createId();
  let turn: Promise<unknown> = Promise.resolve();
  /** Sign-outs whose turn is still to come: what they remove is not adopted. */
  let endings = 0;

  /** A ledger of this context alone knows no commits but its own. */
  const newer = (entry: Entry | undefined, { n }: Pick<Entry, 'n'>) =>
    entry && (ledger.isShared || entry.n >= n) ? entry : undefined;

  /** One after the other. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const run = turn.then(task);
    turn = run.catch(() => {});
    return run;
  };

  const reader = createReader({ ...parts, inTurn, isEnding: () => endings > 0 });

  /**
   * Compares with the newest commit of all contexts, and makes the next one, in one step.
   *
   * @param expects - Whether the commit may follow that of the ledger.
   * @param id - Of a session that begins.
   */
  const commit = (
    fits: () => unknown,
    expects: (entry: Entry) => unknown,
    next: () => Held,
    apply: (stored: StoredSession, isLocal: boolean) => void,
    { id, isPartial, isExplicit }: { id?: string; isPartial?: boolean | undefined; isExplicit?: boolean },
  ) =>
    inTurn(async () => {
      // Where the ledger is not shared, the record is asked; and for a refresh token that has to be kept, too: the
      // context that replaced it may have vanished between the record and the ledger.
      if (ledger.isShared === false || isPartial) await reader.look('other-context', {});
      if (!fits()) return false;
      const was = state.current;
      const own = id ?? `${was.id}`;
      let stored: StoredSession | undefined;
      let written: Promise<boolean> | undefined;
      await ledger.visit(own, (found) => {
        const entry = newer(found, was);
        // A session that could not be stored while another one was, or may not be, goes on by itself.
        const isAlone = reader.isForeign ? !isExplicit : was.isLocal && !id && found && found.id !== own;
        if (!fits() || !(isAlone || !entry || expects(entry))) {
          if (entry?.isRevoked) was.isRevoked = true;
          return undefined;
        }
        const n = nextNumber(entry, was);
        const base = isPartial ? was.base : n;
        stored = { id: own, n, base, held: next() };
        if (isAlone) return undefined;
        reader.isForeign = false;
        written = store?.write(stored);
        return { n, id: own, base, at: Date.now(), claim: isPartial ? entry?.claim : undefined };
      });
      if (!stored) return false;
      const isLocal = !(await (written ?? !store));
      await reader.settleWrite(stored.n, own);
      if (!fits()) {
        // The session ended meanwhile.
        await bury(stored, ({ id }) => id === own);
        return false;
      }
      if (ledger.isPerSession && id && was.id) await bury(was, isSame, { isKept: true });
      apply(stored, isLocal);
      return true;
    });

  /** Notes that a session is over, and removes its record. */
  const bury = async (
    was: Pick<Session, 'id' | 'n'>,
    expects: (entry: Entry) => unknown,
    {
      isKept,
      isRevoked,
      apply,
    }: { isKept?: boolean; isRevoked?: boolean | undefined; apply?: () => void } = {},
  ) => {
    let n = 0;
    let removed: Promise<boolean> | undefined;
    const found = ledger.isShared === false && (await store?.read());
    if (typeof found === 'object' && !expects({ ...found, at: 0 })) return n;
    await ledger.visit(was.id, (newest) => {
      const entry = newer(newest, was);
      if (entry && !expects(entry)) return undefined;
      // A sign-in at the same moment comes after it.
      n = nextNumber(entry, was) - 0.5;
      if (!isKept) removed = store?.write(undefined);
      return { n, id: was.id, base: n, at: Date.now(), isOver: true, isRevoked };
    });
    if (n) apply?.();
    if (!state.current.id) state.current.n = Math.max(state.current.n, n);
    await removed;
    if (n) await reader.settleWrite(n, `${was.id}`);
    return n;
  };

  const isSame = ({ id, isOver }: Entry) => id === state.current.id && !isOver;

  return Object.assign(state, {
    sync: reader.sync,
    open: (fits, held, cause) =>
      gate(
        commit(
          fits,
          (entry) => cause === 'local' || isSame(entry) || (!state.current.id && entry.isOver),
          () => held,
          (stored, isLocal) => {
            begin(stored, cause, isLocal);
            if (store || cause !== 'restored') post(stored.n);
          },
          { id: createId(), isExplicit: cause !== 'restored' },
        ),
      ),
    replace: (fits, next, why) =>
      commit(
        fits,
        // A refresh token that was captured is newer than what any refresh may have brought.
        (entry) =>
          isSame(entry) &&
          (why.isPartial ? entry.n === state.current.n : why.captured || entry.base === state.current.base),
        next,
        (stored, isLocal) => {
          update(stored, why, isLocal);
          if (store) post(stored.n);
        },
        why,
      ),
    claim:
      ledger.isShared === undefined
        ? undefined
        : async (fits, isLocked, mayTake) => {
            const { current } = state;
            let isMine = false;
            await ledger.visit(current.id, (entry) => {
              const isAlone = current.isLocal && entry && entry.id !== current.id;
              const next =
                fits() && !isAlone ? claimed(entry, current, { by: me, isLocked }, mayTake) : undefined;
              isMine = !!(next || isAlone);
              return next;
            });
            return isMine;
          },
    disclaim: ({ id }) =>
      ledger.visit(id, (entry) => (entry?.claim?.by === me ? { ...entry, claim: undefined } : undefined)),
    end(isRevoked) {
      const was = state.current;
      const mayReplace = ({ id, isOver }: Entry) => id === was.id || isOver || reader.isForeign;
      leave('local');
      endings++;
      return inTurn(async () => {
        endings--;
        // Unless somebody has signed in meanwhile.
        const n = await bury(was, mayReplace, { isKept: !!state.current.id, isRevoked });
        if (n && store) post(n);
      });
    },
    expire: (fits, error) =>
      inTurn(async () => {
        const was = state.current;
        const apply = () => state.current === was && leave('ended', error);
        if (!fits()) return false;
        const n = await bury(was, (entry) => fits() && isSame(entry) && entry.base === was.base, { apply });
        if (!n && was.isLocal) apply();
        if (n) post(n);
        return !!n || was.isLocal;
      }),
    forget() {
      if (state.current.id) leave('other-context');
      else state.current.isTried = false;
    },
  } satisfies Partial<Sessions>);
}
