/** Answers peers that ask for chosen slots: read from the log, a bounded number at a time for each peer. */
import { type Logger, limits } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import type { AnswerLearn } from '../../paxos/index.js';
import type { LogReader, SlotIndex } from '../../storage/index.js';
import type { LearnReply, ServerId } from '../../wire/index.js';

export interface LearnSenderParts {
  readonly chat: Pick<ChatState, 'origin'>;
  readonly index: Pick<SlotIndex, 'firstKept'>;
  readonly reader: Pick<LogReader, 'read'>;
  readonly logger: Logger;
  /** Does nothing once the server ends, like `onFatal`. */
  readonly send: (to: ServerId, reply: LearnReply) => void;
  /** A request was ignored. */
  readonly onIgnored: () => void;
  /** The log cannot be read. */
  readonly onFatal: (error: Error) => void;
}

export class LearnSender {
  readonly #parts: LearnSenderParts;
  /** Requests of each peer that are being read. */
  readonly #reading = new Map<ServerId, number>();

  constructor(parts: LearnSenderParts) {
    this.#parts = parts;
  }

  /** Too many reads at once for one peer are ignored: it asks again. */
  answer(learn: AnswerLearn): void {
    const { chat, reader, logger, onIgnored, onFatal } = this.#parts;
    const { to, from, upto } = learn;
    if (from > upto || from <= chat.origin) {
      this.#reply(learn, []);
      return;
    }
    const reading = this.#reading.get(to) ?? 0;
    if (reading >= limits.learnReadsMax) {
      onIgnored();
      logger.debug('ignored', { what: 'learn', why: 'enough requests of this peer are being read', from: to });
      return;
    }
    this.#reading.set(to, reading + 1);
    reader.read(from, upto, limits.learnBatchBytes, (error, values) => {
      this.#reading.set(to, (this.#reading.get(to) ?? 1) - 1);
      if (error !== undefined) onFatal(error);
      else this.#reply(learn, values);
    });
  }

  #reply({ to, request, from, commit, promised }: AnswerLearn, values: readonly Uint8Array[]): void {
    const { chat, index, send } = this.#parts;
    // What was chosen before this cluster is history here, and leads nobody to its state.
    const firstSlot = Math.max(index.firstKept, chat.origin + 1);
    send(to, { type: 'learnReply', request, commit, promised, firstSlot, from, values });
  }
}
