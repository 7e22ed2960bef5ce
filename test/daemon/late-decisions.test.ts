/** Two servers' sides for operators over one log that the test writes: copies, and items that come late. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { ChatState } from '../../src/chat/index.js';
import { Decisions } from '../../src/daemon/server/decisions.js';
import { type Decide, type DecideAnswer, encodeEntry } from '../../src/wire/index.js';

class Server {
  readonly chat = new ChatState();
  readonly proposed: Uint8Array[] = [];
  readonly answers: string[] = [];
  nowMs = 0;
  isFresh = true;
  readonly decisions: Decisions;
  #slot = 0;

  constructor(readonly id: number) {
    this.decisions = new Decisions({
      chat: this.chat,
      clock: { monotonicMs: () => this.nowMs },
      newId: () => Buffer.alloc(16, this.id),
      readFresh: (done) => done(this.isFresh),
      unsure: () => [],
      propose: (item) => this.proposed.push(item) > 0,
    });
  }

  wish(verb: Decide['verb'], subject: string): void {
    const nothing = { count: 0, ageMs: 0, tokenHash: new Uint8Array(32), why: '' };
    const reply = ({ outcome, text }: DecideAnswer): void => void this.answers.push(`${outcome} ${text}`.trim());
    this.decisions.wish({ type: 'decide', request: 1, verb, subject, ...nothing }, reply);
  }

  apply(value: Uint8Array): void {
    this.#slot += 1;
    this.decisions.applied(this.chat.apply(this.#slot, value).decisions);
  }
}

function cluster(): { one: Server; two: Server; log: (item: Uint8Array | undefined) => void; blocked: () => string[] } {
  const one = new Server(1);
  const two = new Server(2);
  const log = (item: Uint8Array | undefined): void => {
    if (item === undefined) throw new Error('nothing was proposed');
    const value = encodeEntry({ elapsedMs: 1, wallMs: 1 }, [item]);
    for (const server of [one, two]) server.apply(value);
  };
  return { one, two, log, blocked: () => two.chat.names('', true, 9).map(({ name }) => name) };
}

t.test('a copy behind what another server proposed is void, and answers nobody', async (t) => {
  const { one, two, log, blocked } = cluster();
  one.wish('block', 'lala');
  log(one.proposed[0]);
  two.wish('unblock', 'lala');
  log(two.proposed[0]);
  log(one.proposed[0]);
  t.same(blocked(), []);
  t.same([one.answers, two.answers], [['taken'], ['taken']]);
});

t.test('a wish that nobody waits for any more is decided late, or never once another was', async (t) => {
  for (const isOvertaken of [false, true]) {
    const { one, two, log, blocked } = cluster();
    one.wish('block', 'lala');
    one.nowMs += limits.decisionMs;
    one.decisions.tick();
    if (isOvertaken) {
      two.wish('block', 'aaron');
      log(two.proposed[0]);
    }
    log(one.proposed[0]);
    t.same(one.answers, [], 'it may have been decided');
    t.same(blocked(), isOvertaken ? ['aaron'] : ['lala']);
  }
});

t.test('of two at one moment the second is told so', async (t) => {
  const { one, two, log } = cluster();
  one.wish('block', 'lala');
  two.wish('block', 'aaron');
  log(two.proposed[0]);
  log(one.proposed[0]);
  t.match(one.answers, [/^refused another decision came first/]);
  one.wish('block', 'lala');
  log(one.proposed[1]);
  t.equal(one.answers[1], 'taken');
});

t.test('without a majority nothing is proposed', async (t) => {
  const { one } = cluster();
  one.isFresh = false;
  one.wish('block', 'lala');
  t.same(one.proposed, []);
  t.match(one.answers, [/^later .*try again in a moment/]);
});
