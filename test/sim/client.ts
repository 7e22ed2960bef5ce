/**
 * A simulated client: registers, submits runs, resends after a reroute, subscribes and checks that its streams are
 * gapless.
 */
import type { Prng } from '../../src/base/index.js';
import type { Answer } from '../../src/chat/index.js';
import { type EventGroup, encodeRun, type RunMessage, type SessionId } from '../../src/wire/index.js';
import type { History } from './checkers/history.js';
import type { ClientEnd, Connection, ToClient } from './connection.js';
import type { Coverage } from './coverage.js';
import { type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';
import { demand } from './violation.js';

/** How a client finds a server; undefined when none takes connections. */
export type Dial = (client: ClientEnd) => Connection | undefined;

/** Whoever chats in a run: the simulator's own client below, or production's library (library/person.ts). */
export interface SimClient {
  readonly name: string;
  /** No new messages any more. */
  quiet: boolean;
  /** Messages acknowledged, and messages without an end. */
  readonly acked: number;
  readonly pending: number;
  /** True when every event so far was shown to it. */
  readonly caughtUp: boolean;
  /** Its server may be gone for good. */
  reroute(): void;
  leave(forUs: number): void;
  /** Only with a connection of bytes. */
  cutCable?(forUs: number): void;
  stall?(forUs: number): void;
  describe(): string;
}

interface Message extends RunMessage {
  readonly seq: number;
}

/** Without an answer for this long a client tries another server. */
const silenceUs = 2_500_000;
const redialUs = 60_000;
const noSession: SessionId = { slot: 0, index: 0 };

export class Client implements ClientEnd, SimClient {
  readonly name: string;
  readonly #kernel: Kernel;
  readonly #random: Prng;
  readonly #options: SimOptions;
  readonly #history: History;
  readonly #dial: Dial;
  readonly #coverage: Coverage;
  #nonce: Buffer;
  readonly #tokenHash: Buffer;
  readonly #rooms: readonly string[];
  /** Next event due per room. */
  readonly #next = new Map<string, number>();
  #connection: Connection | undefined;
  #session: SessionId | undefined;
  /** True once this connection may submit. */
  #ready = false;
  #seq = 0;
  #unanswered: Message[] = [];
  /** Seqs below this were submitted on this connection. */
  #sentBelow = 1;
  #lastWordUs = 0;
  #awayUntilUs = 0;
  /** The lowest seq that was refused and waits to be sent again. */
  #busyFrom = Number.POSITIVE_INFINITY;
  /** No new messages any more. */
  quiet = false;
  acked = 0;
  refused = 0;

  constructor(
    number: number,
    shared: {
      kernel: Kernel;
      random: Prng;
      options: SimOptions;
      history: History;
      dial: Dial;
      coverage: Coverage;
      rooms: readonly string[];
    },
  ) {
    this.name = `user${number}`;
    this.#kernel = shared.kernel;
    this.#random = shared.random;
    this.#options = shared.options;
    this.#history = shared.history;
    this.#dial = shared.dial;
    this.#coverage = shared.coverage;
    this.#rooms = shared.rooms;
    this.#nonce = randomBytes(this.#random, 16);
    this.#tokenHash = randomBytes(this.#random, 32);
    for (const room of this.#rooms) this.#next.set(room, 1);
    this.#kernel.after(this.#random.below(200_000), tags.client, () => this.#turn());
  }

  /** Messages without an answer. */
  get pending(): number {
    return this.#unanswered.length;
  }

  /** True when every event so far was shown to this client. */
  get caughtUp(): boolean {
    return this.#rooms.every((room) => (this.#next.get(room) ?? 0) > this.#history.events(room));
  }

  describe(): string {
    const rooms = this.#rooms.map((room) => `${room} ${this.#next.get(room)}/${this.#history.events(room)}`).join(', ');
    return (
      `${this.name}: ${this.#connection === undefined ? 'no connection' : this.#ready ? 'ready' : 'waiting'}, ` +
      `${this.pending} unanswered from ${this.#unanswered[0]?.seq ?? '-'}, ${this.acked} acked, ${rooms}`
    );
  }

  /** Leaves its server, as after a placement by the balancer. */
  reroute(): void {
    this.#connection?.close();
  }

  /** Leaves its server and looks for none for so long. */
  leave(forUs: number): void {
    if (this.quiet) return;
    this.#awayUntilUs = Math.max(this.#awayUntilUs, this.#kernel.nowUs + forUs);
    this.reroute();
  }

  // --- what happens to it -------------------------------------------------------------------------------------------

  received(connection: Connection, frame: ToClient): void {
    if (connection !== this.#connection) return;
    switch (frame.type) {
      case 'registered':
        this.#lastWordUs = this.#kernel.nowUs;
        if (frame.code === 'SESSION_EXPIRED') return this.#renew(frame.session);
        demand(frame.code === 'ok', 'session lives', () => `${this.name}: ${frame.code}`);
        this.#session = frame.session;
        this.#ready = true;
        this.#sentBelow = 1;
        this.#busyFrom = Number.POSITIVE_INFINITY;
        return this.#submit();
      case 'ack':
        this.#lastWordUs = this.#kernel.nowUs;
        if (frame.answer.outcomes[0]?.code === 'SESSION_EXPIRED') return this.#renew(frame.answer.session);
        this.#acked(frame.answer);
        return this.#submit();
      case 'busy':
        this.#coverage.add('busy answers');
        // Nothing from there on was taken; ask again a little later, once for all that were refused.
        if (this.#busyFrom !== Number.POSITIVE_INFINITY) {
          this.#busyFrom = Math.min(this.#busyFrom, frame.fromSeq);
          return;
        }
        this.#busyFrom = frame.fromSeq;
        this.#kernel.after(100_000, tags.client, () => {
          const from = this.#busyFrom;
          this.#busyFrom = Number.POSITIVE_INFINITY;
          if (connection !== this.#connection || !this.#ready) return;
          this.#sentBelow = Math.min(this.#sentBelow, from);
          this.#submit();
        });
        return;
      case 'deliver':
        return this.#shown(frame.room, frame.group);
      case 'jump':
        this.#next.set(frame.room, Math.max(frame.nextEvent, this.#next.get(frame.room) ?? 1));
        return;
      case 'move':
        return this.reroute();
    }
  }

  closed(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#ready = false;
  }

  /**
   * The session is gone: what was sent under it is of unknown outcome and is never sent again (PAXOS.md, Sessions).
   */
  #renew(session: SessionId): void {
    if (this.#session === undefined || !sameSession(session, this.#session)) return;
    demand(this.#history.hasExpired(session), 'session lives', () => `${this.name}: the log never ended its session`);
    this.#coverage.add('renewed sessions');
    this.#session = undefined;
    this.#nonce = randomBytes(this.#random, 16);
    this.#seq = 0;
    this.#unanswered = [];
    this.reroute();
  }

  #acked(answer: Answer): void {
    const session = this.#session ?? noSession;
    if (!sameSession(answer.session, session)) return;
    let seq = answer.firstSeq;
    for (const { code, count } of answer.outcomes) {
      for (let i = 0; i < count; i++, seq++) {
        demand(
          seq <= this.#seq,
          'ack of something sent',
          () => `${this.name}: ack of seq ${seq}, sent through ${this.#seq}`,
        );
        const at = this.#unanswered.findIndex((message) => message.seq === seq);
        if (at < 0) continue;
        const [message] = this.#unanswered.splice(at, 1) as [Message];
        demand(code === 'ok', 'lawful messages', () => `${this.name}: seq ${seq} was refused with ${code}`);
        this.acked++;
        if (message.kind === 'post' || message.kind === 'action') this.#history.acked(session, seq, answer.slot);
      }
    }
  }

  #shown(room: string, group: EventGroup): void {
    const due = this.#next.get(room) ?? 1;
    demand(
      group.firstEvent === due,
      'gapless streams',
      () => `${this.name}: ${room} goes on with event ${group.firstEvent}, due is ${due}`,
    );
    this.#next.set(room, due + group.events.length);
    this.#history.shown(this.name, room, group);
  }

  // --- what it does -------------------------------------------------------------------------------------------------

  #turn(): void {
    const { nowUs } = this.#kernel;
    if (nowUs < this.#awayUntilUs && !this.quiet) {
      this.#kernel.at(this.#awayUntilUs, tags.client, () => this.#turn());
      return;
    }
    if (this.#connection === undefined) this.#connect();
    else if ((this.#unanswered.length > 0 || !this.#ready) && nowUs - this.#lastWordUs > silenceUs) this.reroute();
    if (!this.quiet) this.#compose();
    this.#submit();
    const pauseUs =
      this.#connection === undefined ? redialUs : this.#random.exponential(this.#options.submitEveryUs) + 1000;
    this.#kernel.after(Math.min(pauseUs, 500_000), tags.client, () => this.#turn());
  }

  #connect(): void {
    const connection = this.#dial(this);
    if (connection === undefined) return;
    this.#connection = connection;
    this.#ready = false;
    this.#lastWordUs = this.#kernel.nowUs;
    if (this.#session === undefined) {
      connection.toServer({
        type: 'register',
        nonce: this.#nonce,
        name: this.name,
        tokenHash: this.#tokenHash,
        window: this.#options.window,
      });
    } else connection.toServer({ type: 'resume', session: this.#session, nonce: this.#nonce });
    for (const room of this.#rooms) {
      connection.toServer({ type: 'subscribe', room, fromEvent: this.#next.get(room) ?? 1 });
    }
  }

  /** Thinks of a few messages, as far as the window lets it. */
  #compose(): void {
    const count = Math.min(this.#options.window - this.#unanswered.length, this.#random.between(1, 4));
    for (let i = 0; i < count; i++) {
      this.#seq++;
      const room = this.#random.pick(this.#rooms);
      const text = `${this.name} ${this.#seq} `.padEnd(this.#random.below(this.#options.textBytesMax), 'x').trimEnd();
      const kind = this.#random.pick(['post', 'post', 'post', 'action', 'topic'] as const);
      this.#unanswered.push({ seq: this.#seq, kind, room, text });
    }
  }

  /** Sends what was not sent on this connection, in runs that are cut differently each time. */
  #submit(): void {
    const session = this.#session;
    if (!this.#ready || session === undefined || this.#connection === undefined) return;
    // What follows something that was refused would be a gap.
    if (this.#busyFrom !== Number.POSITIVE_INFINITY) return;
    const answeredBelow = this.#unanswered[0]?.seq ?? this.#seq + 1;
    let due = this.#unanswered.filter((message) => message.seq >= this.#sentBelow);
    while (due.length > 0) {
      // Answers may have left holes behind: a run is of consecutive seqs.
      let length = 1;
      const most = this.#random.between(1, 6);
      while (length < most && due[length]?.seq === (due[0] as Message).seq + length) length++;
      const run = due.slice(0, length);
      due = due.slice(length);
      const firstSeq = (run[0] as Message).seq;
      this.#sentBelow = firstSeq + length;
      this.#connection.toServer({
        type: 'submit',
        run: encodeRun(
          { session, nonce: this.#nonce, firstSeq, answeredBelow: Math.min(answeredBelow, firstSeq) },
          run,
        ),
      });
    }
  }
}

function sameSession(a: SessionId, b: SessionId): boolean {
  return a.slot === b.slot && a.index === b.index;
}

function randomBytes(random: Prng, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.below(256);
  return bytes;
}
