/** Reads what the other contexts have committed, and adopts it. */
import type { Look, Sessions } from './contracts.ts';
import type { Ledger } from './ledger.ts';
import type { SessionState } from './session.ts';
import type { RecordStore, StoredSession } from './storage.ts';
import { pause } from './timers.ts';

export interface ReaderParts {
  readonly state: SessionState;
  readonly store: RecordStore | undefined;
  readonly ledger: Ledger;
  /** Tells the other contexts the number of a commit. */
  post(n: number): void;
  /** Runs what must not meet another context's refresh. */
  behindLock(task: () => Promise<unknown>): Promise<unknown>;
  /** Runs one task after the other. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
  /** Whether a sign-out waits for its turn: what it removes is not adopted. */
  isEnding(): boolean;
}

export interface Reader extends Pick<Sessions, 'sync'> {
  /** Reads record and ledger once, in its caller's turn. */
  look(cause: 'restored' | 'other-context', options: Look): Promise<unknown>;
  /** To be called after a write of commit `n`. */
  settleWrite(n: number, id: string): Promise<void>;
  /** A newer version of this package has stored something, which only an explicit sign-in or sign-out replaces. */
  isForeign: boolean;
}

/** Longer than a record takes from one context to another. */
const LAG = 2_000;

export function createReader(parts: ReaderParts): Reader {
  const { state, store, ledger, post, inTurn } = parts;
  const { closed, leave, begin, update } = state;

  /** A write that takes time may have come after that of a newer commit: whoever made that one writes it again. */
  const settleWrite = async (n: number, id: string) => {
    const newest = store?.isAsync && (await ledger.visit(id));
    if (newest && newest.n > n) post(-newest.n);
  };

  const rewrite = async (stored: StoredSession | undefined, id: string, n: number) => {
    let written: Promise<boolean> | undefined;
    await ledger.visit(id, (entry) => {
      if (entry?.n === n) written = store?.write(stored);
      return undefined;
    });
    if (await written) await settleWrite(n, id);
  };

  /** Reads record and ledger once. Answers whether the record is behind. */
  const look = async (cause: 'restored' | 'other-context', { isLocked, heard = 0 }: Look) => {
    const startedAt = Date.now();
    const was = state.current;
    const found = await store?.read(isLocked);
    const stored = typeof found === 'object' ? found : undefined;
    const entry = found && (await ledger.visit(stored?.id ?? was.id));
    if (found === 'damaged') {
      // Removed by this context, whose own session goes on.
      if (isLocked) was.isLocal = true;
      return found;
    }
    // What a sign-out is about to remove, or was found in another session, is looked at again.
    if (parts.isEnding() || was !== state.current) return 'again';
    if (!found || (was.isLocal && entry && entry.id !== was.id)) return undefined;
    const newest = entry?.n ?? 0;
    reader.isForeign = found === 'newer';
    // A ledger of this context alone knows nothing of what others have removed.
    const isRemoved = found === 'none' && (ledger.isShared ? !entry : ledger.isShared === false);
    if (reader.isForeign || (isRemoved && !was.isLocal) || (entry?.isOver && newest > (stored?.n ?? 0))) {
      was.isRevoked ||= entry?.isRevoked;
      if (was.id && (reader.isForeign || isRemoved || newest > was.n)) leave('other-context');
      state.current.n = Math.max(state.current.n, newest, isRemoved ? heard : 0);
      // Its removal was overtaken.
      if (stored) await rewrite(undefined, stored.id, newest);
    } else if (stored && stored.n >= newest && stored.n > was.n) {
      if (stored.id === was.id) update(stored, { cause: 'other-context', startedAt });
      else begin(stored, cause);
    } else if (-heard === was.n && was.id && stored?.n !== was.n) {
      await rewrite(was as StoredSession, was.id, was.n);
    }
    if (newest > state.current.n)
      return { n: newest, isOther: entry?.id !== was.id, until: Number(entry?.at) + LAG };
    // A shared ledger is newer than any message.
    return !ledger.isShared && heard > state.current.n ? { n: 0, until: 1 / 0 } : undefined;
  };

  const reader: Reader = {
    isForeign: false,
    look,
    settleWrite,
    async sync(cause, options = {}) {
      if (!store) return;
      let newest = 0;
      for (let ms = 4; ; ms *= 2) {
        const was = state.current;
        let behind = await inTurn(() => look(cause, options));
        if (behind === 'damaged' && !options.isLocked) {
          // Not in turn: who holds the lock waits for its turn.
          await parts
            .behindLock(async () => {
              behind = await inTurn(() => look(cause, { ...options, isLocked: true }));
            })
            .catch(() => {});
        }
        if (behind === 'again' && !closed.aborted) continue;
        if (!behind || typeof behind === 'string' || closed.aborted) return;
        const now = Date.now();
        // Each commit has its own time to arrive.
        if (behind.n > newest) ms = 4;
        newest = behind.n;
        // A commit long ago is looked for all the same: this context may have been frozen.
        if (ms < 256 || (ms < LAG && now < behind.until)) {
          await pause(ms);
          if (Date.now() > now + ms + 1_000) ms = 2;
        } else {
          // Tokens that were replaced where this context cannot read their successors.
          const isDead = behind.isOther || (behind.n && options.isSpending);
          if (isDead && was === state.current && was.id) leave('other-context');
          return;
        }
      }
    },
  };
  return reader;
}
