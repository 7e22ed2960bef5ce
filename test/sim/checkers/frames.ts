/** Watches the gate from outside: no frame may leave before what it vouches for is durable (the table of PAXOS.md). */
import { ballotText, compareBallots, type PaxosMessage } from '../../../src/paxos/index.js';
import type { Ballot, ServerId, Slot } from '../../../src/wire/index.js';
import { digestOf } from '../digest.js';
import { demand } from '../violation.js';
import type { Agreement } from './agreement.js';
import type { Ledger } from './ledger.js';

export class FrameRules {
  readonly #agreement: Agreement;
  readonly #watchGate: boolean;

  /** `watchGate` false: only the owners and values of ballots are looked at. */
  constructor(agreement: Agreement, watchGate: boolean) {
    this.#agreement = agreement;
    this.#watchGate = watchGate;
  }

  /** A frame leaves `ledger`'s server in its life `life`. */
  sent(ledger: Ledger, life: string, to: ServerId, message: PaxosMessage): void {
    switch (message.type) {
      case 'prepare':
        this.#agreement.ballotUsed(ledger.id, life, message.ballot);
        break;
      case 'accept':
        this.#agreement.ballotUsed(ledger.id, life, message.ballot);
        this.#agreement.proposed(message.ballot, message.slot, digestOf(message.value));
        break;
    }
    if (this.#watchGate) this.#gate(ledger, to, message);
  }

  #gate(ledger: Ledger, to: ServerId, message: PaxosMessage): void {
    switch (message.type) {
      case 'prepare':
        return this.#promised(ledger, message, message.ballot);
      case 'promise':
        this.#promised(ledger, message, message.ballot);
        demand(
          message.commit <= ledger.commit,
          'frame before sync',
          () => `server ${ledger.id} promises to ${to} with commit ${message.commit}, durable is ${ledger.commit}`,
        );
        for (const entry of message.entries) {
          demand(
            ledger.held(entry.slot, digestOf(entry.value)),
            'frame before sync',
            () => `server ${ledger.id} lists an accept of slot ${entry.slot} that is not durable`,
          );
        }
        return;
      case 'accepted':
        this.#promised(ledger, message, message.ballot);
        for (let slot = message.slot; slot < message.slot + message.count; slot++)
          this.#vote(ledger, slot, message.ballot);
        return;
      case 'nack':
        return this.#promised(ledger, message, message.promised);
      case 'heartbeatReply':
        return this.#promised(ledger, message, message.promised);
      default:
        return;
    }
  }

  #promised(ledger: Ledger, message: PaxosMessage, ballot: Ballot): void {
    demand(
      compareBallots(ledger.promised, ballot) >= 0,
      'frame before sync',
      () =>
        `server ${ledger.id} sends ${message.type} about promise ${ballotText(ballot)}, ` +
        `durable is ${ballotText(ledger.promised)}`,
    );
  }

  #vote(ledger: Ledger, slot: Slot, ballot: Ballot): void {
    // A value that is chosen may be confirmed at any ballot: no later ballot can choose another.
    const chosen = this.#agreement.chosen(slot);
    if (chosen !== undefined && ledger.held(slot, chosen)) return;
    demand(
      ledger.voted(slot, ballot),
      'frame before sync',
      () => `server ${ledger.id} sends accepted for slot ${slot} at ${ballotText(ballot)}, which is not durable`,
    );
  }
}
