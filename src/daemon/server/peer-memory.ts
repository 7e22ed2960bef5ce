/**
 * What a peer's replies said in its earlier lives. A new life that has promised less, or knows far fewer slots to be
 * chosen, came back with an older state of its disk (RELIABILITY.md, 44). Its counter of lives does not show that when
 * the copy was made during the life that was seen last.
 */
import { limits } from '../../base/index.js';
import { compareBallots, type PaxosMessage, zeroBallot } from '../../paxos/index.js';
import type { Ballot, Incarnation, Slot } from '../../wire/index.js';

/** `wait`: a vote of a life that has not shown yet what it remembers; it is sent again. */
export type PeerWord = 'ok' | 'wait' | 'forgot';

export class PeerMemory {
  #life: Incarnation = 0;
  /** The highest durable promise and commit index reported in any life. */
  #promised: Ballot = zeroBallot;
  #commit: Slot = 0;
  #proven = true;

  /** A link to this life is open. Of a first one nothing is known that it could have forgotten. */
  lives(life: Incarnation): void {
    if (life === this.#life) return;
    this.#proven = this.#life === 0;
    this.#life = life;
  }

  /** Whether the present life has shown that it remembers what earlier ones said. */
  get proven(): boolean {
    return this.#proven;
  }

  /** Judges a frame of the present life before the replica sees it. */
  hears(message: PaxosMessage): PeerWord {
    if (message.type === 'heartbeatReply') return this.#report(message.promised, message.commit);
    return this.#proven || (message.type !== 'promise' && message.type !== 'accepted') ? 'ok' : 'wait';
  }

  /** Promises are reported once durable. A commit index may fall at a restart, but to the last hint in the log only. */
  #report(promised: Ballot, commit: Slot): PeerWord {
    if (!this.#proven) {
      const forgot = compareBallots(promised, this.#promised) < 0 || commit + limits.uncommittedSlotsMax < this.#commit;
      if (forgot) return 'forgot';
      this.#proven = true;
    }
    if (compareBallots(promised, this.#promised) > 0) this.#promised = promised;
    if (commit > this.#commit) this.#commit = commit;
    return 'ok';
  }
}
