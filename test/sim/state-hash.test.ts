/**
 * Runs of thousands of slots: the states are compared after every slot by the checker, and every 1,000 slots by the
 * servers themselves, which notice a difference without it.
 */
import t from 'tap';
import { type ChatOptions, ChatState } from '../../src/chat/index.js';
import { Cluster } from './cluster.js';
import type { SimOptions } from './options.js';
import { runSeed } from './run.js';

t.setTimeout(120_000);

const ms = 1000;

/** A slot for nearly every message, leaders that change, servers that replay thousands of slots. */
const long: Partial<SimOptions> = {
  servers: 3,
  clients: 4,
  rooms: 1,
  safetyUs: 9000 * ms,
  submitEveryUs: 4 * ms,
  window: 1,
  textBytesMax: 40,
  segmentBytes: 1 << 17,
  lossPerMille: 0,
  delayUs: 100,
  longTailPerMille: 0,
  partitionEveryUs: 4000 * ms,
  partitionForUs: 200 * ms,
  modeEveryUs: 0,
  crashEveryUs: 3000 * ms,
  downForUs: 50 * ms,
  pauseEveryUs: 0,
  syncUs: 200,
  slowSyncPerMille: 0,
  diskFullEveryUs: 0,
  damageEveryUs: 0,
  sessionExpiryMs: 0,
  library: false,
};

/** On one server something that no client sees differs from slot 500 on. */
class OddChat extends ChatState {
  readonly #isOdd: boolean;

  constructor(options: ChatOptions, isOdd: boolean) {
    super(options);
    this.#isOdd = isOdd;
  }

  override get hash(): Uint8Array {
    const hash = super.hash;
    return this.#isOdd && this.applied >= 500 ? hash.map((byte) => byte ^ 1) : hash;
  }
}

t.test('several thousand slots under faults: compared at each thousand on every server', async (t) => {
  const cluster = new Cluster({ seed: 1, options: long });
  const { slots } = await cluster.run();
  t.ok(slots >= 3000, `${slots} slots`);
  const compared = cluster.oracle.agreement.thousandsCompared;
  t.ok(compared >= 2 * Math.floor(slots / 1000) - 2, `${compared} comparisons at thousands`);
});

t.test('without the checker the servers themselves notice a state that differs', async (t) => {
  const chat = (options: ChatOptions, server: number): ChatState => new OddChat(options, server === 3);
  const { failure } = await runSeed({ makers: { chat }, seed: 1, options: long, watchHashes: false });
  t.equal(failure?.rule, 'invariant');
  t.match(failure?.text, /the state applied through slot \d000 differs from that of servers/);
});
