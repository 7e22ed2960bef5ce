/** The part of the log that is not committed yet: votes and learned values above the commit index, in memory. */
import { assert, equalBytes, limits } from '../base/index.js';
import type { Ballot, PromiseEntry, Slot } from '../wire/index.js';
import type { Context, RecoveredEntry } from './context.js';

export interface LogEntry {
  readonly ballot: Ballot;
  readonly value: Uint8Array;
  /** Known to be chosen: outranks every ballot and is never replaced. */
  chosen: boolean;
  /** Number of the record that holds it; 0 when it was recovered. */
  readonly record: number;
}

export class SlotLog {
  readonly #context: Context;
  readonly #entries = new Map<Slot, LogEntry>();
  #commit: Slot;
  #bytes = 0;
  #highest: Slot;
  /** The commit index that the last persisted hint names. */
  #hinted: Slot;

  constructor(context: Context, commit: Slot, accepted: readonly RecoveredEntry[]) {
    this.#context = context;
    this.#commit = commit;
    this.#hinted = commit;
    this.#highest = commit;
    for (const entry of accepted) {
      if (entry.slot <= commit) continue;
      this.#put(entry.slot, { ballot: entry.ballot, value: entry.value, chosen: entry.chosen, record: 0 });
    }
  }

  /** Every slot up to here is chosen, known to be so, and handed to the state machine. */
  get commit(): Slot {
    return this.#commit;
  }

  /** The highest slot that holds anything. */
  get highest(): Slot {
    return this.#highest;
  }

  get(slot: Slot): LogEntry | undefined {
    return this.#entries.get(slot);
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * True if a value of `bytes` at `slot` stays within what is kept in memory above the commit index. The next slot to
   * be committed always has room: everything above waits for it, so that refusing it would refuse all for ever.
   */
  hasRoom(slot: Slot, bytes: number): boolean {
    if (bytes > limits.promisePartBytes || slot > this.#commit + limits.acceptAheadSlots) return false;
    const freed = this.#entries.get(slot)?.value.length ?? 0;
    return slot === this.#commit + 1 || bytes <= freed || this.#bytes - freed + bytes <= limits.acceptAheadBytes;
  }

  /** Votes for `value` at `ballot`; returns the record's number. The promise was checked by the acceptor. */
  accept(slot: Slot, ballot: Ballot, value: Uint8Array): number {
    assert(slot > this.#commit, 'nothing at or below the commit index changes');
    const old = this.#entries.get(slot);
    assert(!old?.chosen, 'a learned value is not voted over');
    const record = this.#context.persist({ kind: 'accept', slot, ballot, value });
    this.#put(slot, { ballot, value, chosen: false, record });
    return record;
  }

  /** Keeps a value that was learned to be chosen. */
  learn(slot: Slot, ballot: Ballot, value: Uint8Array): void {
    assert(slot > this.#commit, 'nothing at or below the commit index changes');
    const old = this.#entries.get(slot);
    if (old !== undefined && equalBytes(old.value, value)) {
      old.chosen = true;
      return;
    }
    assert(!old?.chosen, `two values are chosen in slot ${slot}`);
    const record = this.#context.persist({ kind: 'chosen', slot, ballot, value });
    this.#put(slot, { ballot, value, chosen: true, record });
  }

  /** Commits every slot that is chosen and follows the commit index without a gap; returns the new commit index. */
  advance(): Slot {
    for (;;) {
      const slot = this.#commit + 1;
      const entry = this.#entries.get(slot);
      if (!entry?.chosen) return this.#commit;
      this.#context.effects.commits.push({ slot, value: entry.value });
      this.#remove(slot);
      this.#commit = slot;
      // Without it a restart would find more above the last hint than a server may keep in memory.
      if (slot - this.#hinted >= limits.hintSlots && !this.#context.diskFull) this.hint();
    }
  }

  /**
   * The state through `slot` was installed: everything at or below is settled, votes above stay (PAXOS.md, Catch-up).
   */
  install(slot: Slot): void {
    assert(slot > this.#commit, 'an older state is never installed');
    for (const held of [...this.#entries.keys()]) if (held <= slot) this.#remove(held);
    this.#commit = slot;
    this.#hinted = slot;
    if (this.#highest < slot) this.#highest = slot;
  }

  /** Writes the commit hint if it is out of date. */
  hint(): void {
    if (this.#hinted === this.#commit) return;
    this.#context.persist({ kind: 'commit', upto: this.#commit });
    this.#hinted = this.#commit;
  }

  /** Everything above the commit index in slot order, for a promise. */
  entriesAbove(): PromiseEntry[] {
    const slots = [...this.#entries.keys()].sort((a, b) => a - b);
    return slots.map((slot) => {
      const { ballot, value, chosen } = this.#entries.get(slot) as LogEntry;
      return { slot, ballot, chosen, value };
    });
  }

  #put(slot: Slot, entry: LogEntry): void {
    this.#remove(slot);
    this.#entries.set(slot, entry);
    this.#bytes += entry.value.length;
    if (slot > this.#highest) this.#highest = slot;
  }

  #remove(slot: Slot): void {
    const old = this.#entries.get(slot);
    if (old === undefined) return;
    this.#bytes -= old.value.length;
    this.#entries.delete(slot);
  }
}
