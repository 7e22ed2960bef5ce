/** Somebody who chats through production's client library: says lines, and checks what the library tells of them. */
import type { Prng } from '../../../src/base/index.js';
import type { ChatClient } from '../../../src/client/index.js';
import { Turn } from '../../../src/net/index.js';
import type { EventGroup } from '../../../src/wire/index.js';
import type { Chances } from '../chances.js';
import type { History } from '../checkers/history.js';
import type { Lines } from '../checkers/lines.js';
import type { SimClient } from '../client.js';
import type { Coverage } from '../coverage.js';
import { type Kernel, tags } from '../kernel.js';
import type { SimOptions } from '../options.js';
import { SimClock } from '../sim-clock.js';
import { demand } from '../violation.js';
import { Host, type Wires } from './wires.js';

export interface PersonParts {
  readonly kernel: Kernel;
  readonly wires: Wires;
  readonly chances: Chances;
  readonly options: SimOptions;
  readonly history: History;
  readonly lines: Lines;
  readonly coverage: Coverage;
  readonly rooms: readonly string[];
  readonly balancer: string;
  readonly servers: readonly string[];
  readonly makeClient: (options: ConstructorParameters<typeof ChatClient>[0]) => ChatClient;
}

/** What the library says when a stream goes on behind messages that are gone. */
const passedOver = /^(\d+) (?:messages?|events?) of (\S+) .*; the room goes on with message (\d+)$/;

export class Person implements SimClient {
  readonly name: string;
  readonly #parts: PersonParts;
  readonly #random: Prng;
  readonly #host: Host;
  readonly #client: ChatClient;
  /** Next event due per room. */
  readonly #next = new Map<string, number>();
  #said = 0;
  #unknown = 0;
  #cuts = 0;
  #stalls = 0;
  quiet = false;
  acked = 0;

  constructor(number: number, parts: PersonParts) {
    this.name = `user${number}`;
    this.#parts = parts;
    const { kernel, chances, options, balancer } = parts;
    this.#random = chances.of(this.name);
    const skew = options.clockSkewPerMille;
    const run = (act: () => void): void => act();
    const clock = new SimClock(kernel, {
      rate: 1000 + this.#random.between(-skew, skew),
      wallMs: 1_700_000_000_000,
      run,
    });
    const turn = new Turn((end) => void kernel.after(0, tags.client, end));
    this.#host = new Host(parts.wires, { clock, turn, random: chances.of(`wires of ${this.name}`), run });
    const random = chances.of(`library of ${this.name}`);
    const secretBytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
    this.#client = parts.makeClient({
      name: this.name,
      token: secretBytes(32),
      balancers: [balancer],
      window: options.window,
      environment: { transport: this.#host, clock, turn, random, secretBytes },
    });
    this.#listen();
    for (const room of parts.rooms) {
      this.#next.set(room, 1);
      this.#client.subscribe(room);
    }
    kernel.after(this.#random.below(200_000), tags.client, () => {
      this.#client.connect();
      this.#turn();
    });
  }

  /** Lines without an end. */
  get pending(): number {
    return this.#client.openLines;
  }

  get caughtUp(): boolean {
    const { rooms, history } = this.#parts;
    return rooms.every((room) => (this.#next.get(room) ?? 0) > history.events(room));
  }

  /** The addresses it would try without a balancer. */
  get knowsServers(): boolean {
    return this.#client.knownServers.length > 0;
  }

  /** Nobody tells it to: the library has to notice by itself. */
  reroute(): void {
    return;
  }

  /** Moves to another server by its user's wish; or its cable is out for so long. */
  leave(forUs: number): void {
    if (this.quiet) return;
    if (forUs === 0) this.#client.moveTo(this.#random.pick(this.#parts.servers));
    else this.cutCable(forUs);
  }

  cutCable(forUs: number): void {
    this.#cuts++;
    this.#host.cut(true);
    this.#parts.kernel.after(forUs, tags.fault, () => {
      this.#cuts--;
      if (this.#cuts === 0) this.#host.cut(false);
    });
  }

  /** Reads nothing for so long. */
  stall(forUs: number): void {
    this.#stalls++;
    this.#host.stall(true);
    this.#parts.kernel.after(forUs, tags.fault, () => {
      this.#stalls--;
      if (this.#stalls === 0) this.#host.stall(false);
    });
  }

  describe(): string {
    const { rooms, history } = this.#parts;
    const { phase, server, sessionState, openLines } = this.#client;
    const at = rooms.map((room) => `${room} ${this.#next.get(room)}/${history.events(room)}`).join(', ');
    return (
      `${this.name}: ${phase} at ${server?.id ?? 'none'}, session ${sessionState}, ${openLines} open, ` +
      `${this.acked} acked, ${this.#unknown} unknown, ${at}`
    );
  }

  // --- what the library tells -----------------------------------------------------------------------------------

  #listen(): void {
    const client = this.#client;
    client.on('group', ({ room, group, skip }) => this.#shown(room, group, skip));
    client.on('connected', () => this.#parts.coverage.add('library connects'));
    client.on('error', ({ code, text }) => {
      if (code === 'SESSION_EXPIRED') this.#parts.coverage.add('renewed sessions');
      else if (code === 'DELETED') this.#passedOver(text);
      else if (code === 'GAP') {
        demand(this.#trims, 'gapless streams', () => `${this.name}: ${text}`);
        // What was trimmed before the stream was opened again is told by `subscribed`, too.
        if (passedOver.test(text)) this.#passedOver(text);
      }
    });
    // Where the beginning of a room is no longer kept, whoever was away for too long goes on behind it, and is told so.
    client.on('subscribed', ({ room, nextEvent }) => {
      if (this.#trims) this.#next.set(room, Math.max(nextEvent, this.#next.get(room) ?? 1));
    });
  }

  /** A retention was faster than this reader: it goes on behind what is gone, and is told how much that is. */
  #passedOver(text: string): void {
    const [, count, room = '', n] = passedOver.exec(text) ?? [];
    // People here do nothing but speak, so that every event is a message.
    const due = this.#next.get(room) ?? 1;
    demand(due + Number(count) === Number(n), 'gapless streams', () => `${this.name} waits for ${due}: ${text}`);
    this.#next.set(room, Number(n));
    this.#parts.coverage.add('deleted before they were read');
  }

  get #trims(): boolean {
    return this.#parts.options.retainSegments > 0;
  }

  #shown(room: string, group: EventGroup, skip: number): void {
    const { history } = this.#parts;
    const due = this.#next.get(room) ?? 1;
    const first = group.firstEvent + skip;
    demand(first === due, 'gapless streams', () => `${this.name}: ${room} goes on with event ${first}, due is ${due}`);
    const rest = skip === 0 ? group : { ...group, firstEvent: first, events: group.events.slice(skip) };
    this.#next.set(room, first + rest.events.length);
    history.shown(this.name, room, rest);
  }

  // --- what it does ---------------------------------------------------------------------------------------------

  #turn(): void {
    const { kernel, options } = this.#parts;
    if (!this.quiet) this.#say();
    kernel.after(this.#random.exponential(options.submitEveryUs) + 1000, tags.client, () => this.#turn());
  }

  /** A few lines, as far as twice the window lets it: some wait in the library. */
  #say(): void {
    const { rooms, options, lines } = this.#parts;
    const count = Math.min(2 * options.window - this.#client.openLines, this.#random.between(1, 4));
    for (let at = 0; at < count; at++) {
      this.#said++;
      const room = this.#random.pick(rooms);
      const text = lines.text(this.name, this.#said, this.#random.below(options.textBytesMax));
      const kind = this.#random.pick(['post', 'post', 'post', 'action'] as const);
      this.#client[kind](room, text, (code, slot) => {
        if (code === 'ok') {
          this.acked++;
          lines.acknowledged(text, slot);
        } else if (code === 'UNKNOWN') this.#unknown++;
        else lines.denied(text, code);
      });
    }
  }
}
