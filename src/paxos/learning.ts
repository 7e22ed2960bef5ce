/** Learning what is chosen: the word of others that slots are, the values they send, a state that stands for many. */
import type { Chosen, Commit, Learn, LearnReply, ServerId, Slot } from '../wire/index.js';
import type { Acceptor } from './acceptor.js';
import { compareBallots, sameBallot } from './ballot.js';
import type { Catchup } from './catchup.js';
import type { Configuration } from './configuration.js';
import type { Context } from './context.js';
import type { Members } from './members.js';
import type { Roles } from './roles.js';
import type { SlotLog } from './slot-log.js';

export class Learning {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #acceptor: Acceptor;
  readonly #roles: Roles;
  readonly #catchup: Catchup;
  readonly #members: Members;

  constructor(parts: {
    context: Context;
    log: SlotLog;
    acceptor: Acceptor;
    roles: Roles;
    catchup: Catchup;
    members: Members;
  }) {
    this.#context = parts.context;
    this.#log = parts.log;
    this.#acceptor = parts.acceptor;
    this.#roles = parts.roles;
    this.#catchup = parts.catchup;
    this.#members = parts.members;
  }

  onCommit(from: ServerId, message: Commit): void {
    const { ballot, upto } = message;
    if (ballot.server !== from) return this.#context.ignore('commit', 'not its own ballot', from);
    this.#context.sawRound(ballot);
    if (this.#roles.leader !== undefined) {
      if (compareBallots(ballot, this.#roles.leader.ballot) < 0)
        return this.#context.ignore('commit', 'an old ballot', from);
      this.#roles.stepDown('a higher ballot commits');
    }
    const last = Math.min(upto, this.#log.highest);
    for (let slot = this.#log.commit + 1; slot <= last; slot++) {
      const entry = this.#log.get(slot);
      // Only a vote at exactly this ballot is known to be for the chosen value.
      if (entry === undefined) continue;
      if (sameBallot(entry.ballot, ballot) || this.#context.plants.commitOlderBallot) entry.chosen = true;
    }
    this.#log.advance();
    this.#catchup.want(upto, from);
  }

  onChosen(from: ServerId, message: Chosen): void {
    if (message.upto <= this.#log.commit) return this.#context.ignore('chosen', 'known', from);
    if (this.#roles.leader !== undefined) {
      if (!this.#roles.leader.stuckBelow(message.upto)) return;
      this.#roles.stepDown('a follower knows more');
    }
    this.#catchup.want(message.upto, from);
  }

  /** A peer asks for chosen values; the shell reads and sends them. */
  onLearn(from: ServerId, message: Learn): void {
    const { commit } = this.#log;
    const upto = message.upto === 0 ? commit : Math.min(message.upto, commit);
    this.#context.effects.learns.push({
      to: from,
      request: message.request,
      from: message.from,
      upto,
      commit,
      promised: this.#acceptor.promised,
    });
  }

  onLearnReply(from: ServerId, message: LearnReply): void {
    this.#context.sawRound(message.promised);
    if (!this.#catchup.isUseful(from, message)) return this.#context.ignore('learnReply', 'not awaited', from);
    if (this.#context.diskFull) return this.#context.ignore('learnReply', 'the disk is full', from);
    const last = this.#catchup.lastSlotOf(message);
    // Stops before using it: announcing under its own ballot what it learned makes followers commit dead values.
    if (this.#roles.leader !== undefined && last > Math.max(this.#roles.leader.floor, this.#log.commit)) {
      if (!this.#context.plants.deposedCommit) this.#roles.stepDown('learned what it has not counted');
    }
    this.#catchup.onReply(from, message);
    this.#roles.leader?.announce();
  }

  /** A state through `slot` was installed, with its `configurations`; without them fetching it was given up. */
  onInstalled(slot: Slot, configurations: readonly Configuration[] | undefined): void {
    if (configurations !== undefined) this.#members.replace(configurations, slot);
    const isNewer = slot > this.#log.commit;
    if (isNewer) {
      if (this.#roles.leader !== undefined && slot > this.#roles.leader.floor)
        this.#roles.stepDown('installed what it has not counted');
      this.#log.install(slot);
      // A leader may have counted votes above it long ago, and nothing else would move its commit index any more.
      this.#log.advance();
      this.#roles.leader?.announce();
    }
    this.#catchup.onInstalled(isNewer);
  }
}
