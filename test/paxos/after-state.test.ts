/** Whom a server asks once it has taken over a peer's state, or given that up: not all have kept what follows. */
import t from 'tap';
import type { ServerId } from '../../src/wire/index.js';
import { Lone } from './lone.js';

const state = 900;
const end = 1000;

/**
 * A server whose peers no longer hold what it lacks. It fetches the state of server 2 while server 3, which leads, says
 * how far all have come.
 */
class Lagging {
  readonly lone = new Lone();
  /** Whose state was to be fetched, each time. */
  readonly fetched: ServerId[] = [];
  #answered = 0;

  constructor() {
    const { lone } = this;
    lone.pass(10);
    lone.step({ kind: 'peerUp', peer: 2, incarnation: 7 });
    this.answer(2, { firstSlot: state - 100, commit: end - 50 });
    lone.receive(3, { type: 'commit', ballot: { round: 5, server: 3, incarnation: 9 }, upto: end });
  }

  /** Answers what was asked of `peer` last, if anything is new: whatever its log holds of it. */
  answer(peer: ServerId, { firstSlot, commit }: { firstSlot: number; commit: number }): void {
    const { sent } = this.lone;
    const asked = sent.findLastIndex(({ to, message }) => to === peer && message.type === 'learn');
    const learn = sent[asked]?.message;
    if (asked < this.#answered || learn?.type !== 'learn') return;
    this.#answered = asked + 1;
    const { request, from, upto } = learn;
    const count = firstSlot > from ? 0 : Math.max(0, Math.min(upto, commit) - from + 1);
    const values = Array.from({ length: count }, (_, i) => Buffer.from(`v${from + i}`));
    const promised = { round: 5, server: 3, incarnation: 9 };
    const effects = this.lone.receive(peer, { type: 'learnReply', request, commit, promised, firstSlot, from, values });
    this.fetched.push(...effects.fetchState);
  }
}

t.test('whoever sent the state is asked for the slots behind it: the others may have deleted them', async (t) => {
  const lag = new Lagging();
  t.same(lag.fetched, [2]);
  lag.lone.step({ kind: 'installed', slot: state });
  // Server 2 keeps what follows the state that it sent, server 3 does not.
  for (let turn = 0; turn < 500; turn++) {
    lag.answer(2, { firstSlot: state - 100, commit: end });
    lag.answer(3, { firstSlot: state + 50, commit: end });
    lag.lone.pass(10);
  }
  t.same(lag.fetched, [2], 'no further state is fetched');
  t.equal(lag.lone.replica.view.commit, end, 'it has caught up');
});

t.test('whoever sent no state after all is not preferred', async (t) => {
  const lag = new Lagging();
  t.same(lag.fetched, [2]);
  const before = lag.lone.sent.length;
  lag.lone.step({ kind: 'installed', slot: 0 });
  t.match(lag.lone.sent.slice(before), [{ to: 3, message: { type: 'learn', from: 1, upto: end } }]);
});
