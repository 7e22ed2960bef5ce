/** Writes the applied state to the store about every second or 1,000 slots: one atomic batch, never ahead of the log. */
import type { ChatState } from '../../chat/index.js';
import { isDiskFull, type Row, type SlotIndex, type StateStore } from '../../storage/index.js';
import { limits } from '../../base/index.js';

export interface CheckpointerParts {
  readonly chat: Pick<ChatState, 'takeDirty' | 'stored'>;
  readonly index: Pick<SlotIndex, 'takeDirty' | 'stored'>;
  readonly store: Pick<StateStore, 'batch'>;
  readonly onFatal: (error: Error) => void;
}

interface Checkpoint {
  readonly slot: number;
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
  /** Records that must be on disk before this may be: the log must hold every value whose effect the rows hold. */
  readonly after: number;
  writing: boolean;
}

/**
 * The rows of one moment are encoded at once and held until the log has synced everything appended by then. Without that,
 * a power failure could leave a state that is ahead of the log: the server would report a commit index whose values it
 * cannot give to anybody (PAXOS.md: the c of a promise must be durable, values and hint).
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #current: Checkpoint | undefined;
  #startedSlot: number;
  #startedMs: number;
  #storedSlot: number;
  #durable = 0;

  /** `slot`: the checkpoint this process started from. */
  constructor(parts: CheckpointerParts, slot: number, nowMs: number) {
    this.#parts = parts;
    this.#startedSlot = slot;
    this.#storedSlot = slot;
    this.#startedMs = nowMs;
  }

  /** The slot through which the store holds the state. */
  get storedSlot(): number {
    return this.#storedSlot;
  }

  /** Begins a checkpoint if one is due. `records` were appended to the log so far; `applied` is the last applied slot. */
  consider(applied: number, records: number, nowMs: number): void {
    if (this.#current !== undefined) {
      // A full disk refused it; what it holds is still right.
      if (!this.#current.writing && this.#current.after <= this.#durable) this.#write(this.#current);
      return;
    }
    const slots = applied - this.#startedSlot;
    if (slots === 0) return;
    if (slots < limits.checkpointSlots && nowMs - this.#startedMs < limits.checkpointMs) return;
    this.#startedSlot = applied;
    this.#startedMs = nowMs;
    const state = this.#parts.chat.takeDirty();
    const places = this.#parts.index.takeDirty();
    this.#current = {
      slot: applied,
      puts: [...places, ...state.puts],
      deletes: state.deletes,
      after: records,
      writing: false,
    };
    this.durable(this.#durable);
  }

  /** The first `records` records are on disk. */
  durable(records: number): void {
    this.#durable = records;
    const current = this.#current;
    if (current === undefined || current.writing || current.after > records) return;
    this.#write(current);
  }

  #write(checkpoint: Checkpoint): void {
    checkpoint.writing = true;
    this.#parts.store.batch(checkpoint.puts, checkpoint.deletes, (error) => {
      if (error !== undefined) {
        checkpoint.writing = false;
        if (!isDiskFull(error)) this.#parts.onFatal(error);
        return;
      }
      this.#current = undefined;
      this.#storedSlot = checkpoint.slot;
      this.#parts.chat.stored();
      this.#parts.index.stored();
    });
  }
}
