/** A page of a direct room whose name changes hands while it is asked for: the old token reads nothing new. */
import t from 'tap';
import { sha256, silentLogger } from '../../src/base/index.js';
import { Clients } from '../../src/daemon/server/clients.js';
import { History } from '../../src/daemon/server/history.js';
import type { ConnectionHandlers, FrameConnection } from '../../src/net/index.js';
import { decisionItem, features, type Message, registerItem } from '../../src/wire/index.js';
import { Bench, nonce, post } from '../chat/support.js';
import { FakeClock } from '../support/fake-clock.js';

const room = '@ann,bob';
const tokens = { ann: Buffer.alloc(32, 1), bob: Buffer.alloc(32, 2), recovered: Buffer.alloc(32, 3) };

/** A server without a network: the driver's read index and the history's steps are answered one by one. */
class Stage {
  readonly #bench = new Bench();
  readonly #bob;
  readonly #steps: (() => void)[] = [];
  readonly #reads: number[] = [];
  readonly #clients: Clients;
  #handlers: ConnectionHandlers | undefined;
  readonly sent: Message[] = [];

  constructor() {
    this.#register(0, 'ann', tokens.ann);
    this.#bob = this.#register(1, 'bob', tokens.bob);
    this.say(1, 'to the first ann');
    const bench = this.#bench;
    const clock = new FakeClock();
    this.#clients = new Clients({
      serverId: 1,
      servers: () => 3,
      driver: {
        submit: () => undefined,
        answered: () => undefined,
        serves: () => undefined,
        read: (id) => this.#reads.push(id),
      },
      chat: bench.state,
      history: new History({
        chat: bench.state,
        rows: () => ({
          get: () => t.fail('a page reads ranges only'),
          iterate: ({ from = Buffer.alloc(0), to = Buffer.from([255]), reverse = false, limit = 1000 }, done) =>
            void this.#steps.push(() => done(undefined, bench.store.range({ from, to, reverse, limit }))),
        }),
        index: { firstKept: 1 },
        reader: {
          read: (from, upto, _bytes, done) =>
            void this.#steps.push(() => done(undefined, bench.log.slice(from - 1, upto))),
        },
        onFatal: (error) => {
          throw error;
        },
        later: (act) => void this.#steps.push(act),
      }),
      clock,
      turn: clock.turn,
      logger: silentLogger,
      isFull: () => false,
      addresses: () => [],
      answerOperator: () => undefined,
      decide: () => undefined,
      onCountChanged: () => undefined,
    });
    const connection = {
      guestBecause: undefined,
      useLimits: () => undefined,
      attach: (handlers: ConnectionHandlers) => {
        this.#handlers = handlers;
      },
      send: (message: Message) => this.sent.push(message),
    };
    this.#clients.accept(connection as unknown as FrameConnection, {
      type: 'hello',
      versionMin: 1,
      versionMax: 1,
      role: 'client',
      features: features.decisions,
      clusterId: new Uint8Array(16),
      membershipHash: new Uint8Array(16),
      epoch: 0,
      serverId: 0,
      birthId: new Uint8Array(16),
      incarnation: 0,
      address: '',
      authMethod: 'token',
      auth: tokens.ann,
    });
  }

  #register(n: number, name: string, token: Uint8Array) {
    const item = registerItem({ nonce: nonce(n), window: 64, server: 1, tokenHash: sha256(token), name });
    const [made] = this.#bench.apply([item]).registrations;
    if (made?.code !== 'ok') throw new Error(`${name}: ${made?.code}`);
    return made.session;
  }

  say(seq: number, text: string): void {
    this.#bench.apply([this.#bench.run(this.#bob, 1, seq, [post(room, text)])]);
  }

  /** ann gets another token, to whom bob then says something. */
  recover(): void {
    this.#clients.applied(
      this.#bench.apply([
        decisionItem({
          verb: 'recover',
          id: nonce(9),
          basis: 0,
          subject: 'ann',
          count: 0,
          ageMs: 0,
          tokenHash: sha256(tokens.recovered),
          why: '',
        }),
      ]),
    );
    this.say(2, 'to the rightful ann');
  }

  ask(fresh: boolean): void {
    this.#handlers?.onMessage(
      {
        type: 'history',
        request: 1,
        room,
        direction: 'from',
        by: 'event',
        event: 1,
        limit: 100,
        fresh,
      },
      new Uint8Array(0),
    );
  }

  confirmRead(): void {
    for (const id of this.#reads.splice(0)) this.#clients.read(id, true);
  }

  /** One step of what the history reads; false if it waits for nothing. */
  step(): boolean {
    const next = this.#steps.shift();
    next?.();
    return next !== undefined;
  }

  finish(): void {
    while (this.step());
  }

  get pages() {
    return this.sent.flatMap((message) =>
      message.type === 'page'
        ? [{ code: message.code, texts: message.groups.flatMap(({ events }) => events.map(({ text }) => text)) }]
        : [],
    );
  }
}

const refused = [{ code: 'NOT_ALLOWED', texts: [] }];

t.test('who still bears the name reads', async (t) => {
  const stage = new Stage();
  stage.ask(true);
  stage.confirmRead();
  stage.finish();
  t.match(stage.pages, [{ code: 'ok' }]);
  t.ok(stage.pages[0]?.texts.includes('to the first ann'));
});

t.test('the name is recovered while the read waits for its index', async (t) => {
  const stage = new Stage();
  stage.ask(true);
  stage.recover();
  stage.confirmRead();
  t.notOk(stage.step(), 'nothing is read for nobody');
  t.strictSame(stage.pages, refused);
  stage.ask(true);
  t.strictSame(stage.pages, [...refused, ...refused], 'nor later');
});

t.test('the name is recovered at any moment of the reading', async (t) => {
  let moments = 0;
  for (let before = 0; ; before++) {
    const stage = new Stage();
    stage.ask(false);
    let isOver = false;
    for (let i = 0; i < before && !isOver; i++) isOver = !stage.step();
    if (isOver || stage.pages.length > 0) break;
    stage.recover();
    stage.finish();
    t.strictSame(stage.pages, refused, `after ${before} steps`);
    moments++;
  }
  t.ok(moments >= 2, `${moments} moments`);
});
