/** When the applied state is checkpointed: about every second or 1,000 slots, one at a time. */
import { failpoint, type Logger, limits } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import { type Checkpointer, errorCode, StorageError } from '../../storage/index.js';
import type { Slot } from '../../wire/index.js';

export interface CheckpointsParts {
  readonly chat: ChatState;
  readonly checkpointer: Pick<Checkpointer, 'write' | 'busy' | 'overdue' | 'last'>;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** The store can't be written, and waiting does not heal it. */
  readonly onFatal: (error: Error) => void;
}

export class Checkpoints {
  readonly #parts: CheckpointsParts;
  /** Where and when the last one was begun. */
  #slot: Slot;
  #beganMs: number;
  #ended = false;

  constructor(parts: CheckpointsParts) {
    this.#parts = parts;
    this.#slot = parts.checkpointer.last?.applied ?? 0;
    this.#beganMs = parts.nowMs();
  }

  /** Begins one if it is due. The checkpointer keeps it behind the log (ARCHITECTURE.md, 3). */
  consider(): void {
    const { chat, checkpointer, nowMs } = this.#parts;
    const slots = chat.applied - this.#slot;
    if (slots === 0 || checkpointer.busy) return;
    if (slots < limits.checkpointSlots && nowMs() - this.#beganMs < limits.checkpointMs) return;
    const { puts, deletes } = chat.takeDirty();
    failpoint('checkpoint.taken');
    const { applied, hash, logClockMs } = chat;
    this.passed(applied);
    checkpointer.write({ applied, hash, logClockMs, puts, deletes }, (error) => this.#written(error));
  }

  /** The store holds the state as applied through `slot`, or will. */
  passed(slot: Slot): void {
    this.#slot = slot;
    this.#beganMs = this.#parts.nowMs();
  }

  /** What is being written means nothing any more. */
  end(): void {
    this.#ended = true;
  }

  #written(error: Error | undefined): void {
    if (this.#ended) return;
    const { chat, checkpointer, logger, onFatal } = this.#parts;
    if (error === undefined) {
      chat.stored();
      failpoint('checkpoint.stored');
    } else if (checkpointer.overdue || isFatal(error)) onFatal(error);
    else
      logger.warn('checkpoint-failed', {
        error: error.message,
        text: 'it is tried again; check the space on the disk',
      });
  }
}

/** Of a checkpoint's errors those that waiting does not heal: a full disk comes without a code of ours. */
function isFatal(error: Error): boolean {
  return error instanceof StorageError || errorCode(error) === 'EIO';
}
