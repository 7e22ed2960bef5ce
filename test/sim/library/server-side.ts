/** Production's client side of a simulated server: its clients, its history, its links to the balancer. */
import type { Logger } from '../../../src/base/index.js';
import type { Applied } from '../../../src/chat/index.js';
import { helloGate, plainWelcome } from '../../../src/daemon/hello-gate.js';
import { BalancerLinks } from '../../../src/daemon/server/balancer-links.js';
import { Clients } from '../../../src/daemon/server/clients.js';
import { helloOf, type Membership, type Self } from '../../../src/daemon/server/hello.js';
import { History } from '../../../src/daemon/server/history.js';
import type { OpenedDriver } from '../../../src/daemon/server/open-driver.js';
import { answerOperator } from '../../../src/daemon/server/operators.js';
import type { FrameConnection } from '../../../src/net/index.js';
import type { StandingChange } from '../../../src/paxos/index.js';
import type { Hello, Message, Seats, Slot } from '../../../src/wire/index.js';
import type { ClientSide, ClientSideEvents } from '../client-side.js';
import { demand } from '../violation.js';
import type { Host } from './wires.js';

export interface LibrarySideParts {
  readonly self: Self;
  readonly host: Host;
  readonly logger: Logger;
  readonly events: ClientSideEvents;
  readonly balancer: string;
  readonly addresses: readonly string[];
  /** Durable on this server. */
  readonly membership: () => Membership | undefined;
  readonly onSealed: (membership: Membership) => void;
  readonly later: (act: () => void) => void;
}

/** Far below production's: as much as a client that does not read can miss within a run. */
const outboundBytesMax = 1 << 20;
const highWaterBytes = 1 << 10;

export class LibrarySide implements ClientSide {
  readonly #parts: LibrarySideParts;
  readonly #links: BalancerLinks;
  #clients: Clients | undefined;
  #opened: OpenedDriver | undefined;
  #leading = false;

  constructor(parts: LibrarySideParts) {
    this.#parts = parts;
    const { host, self, balancer, membership, onSealed, logger } = parts;
    this.#links = new BalancerLinks({
      addresses: [balancer],
      context: host.context,
      dial: (address, timeoutMs, done) => host.dial(address, timeoutMs, done),
      logger,
      hello: () => helloOf('registrant', self, membership()),
      join: () => ({
        type: 'join',
        serverId: self.id,
        address: self.address,
        members: membership()?.members ?? [],
      }),
      report: () => ({
        clients: this.#clients?.links.count ?? 0,
        arrivedEver: this.#clients?.links.arrivedEver ?? 0,
        leader: this.#clients?.lastStanding?.leader ?? 0,
        hasMajority: true,
      }),
      seats: () => (this.#opened === undefined ? undefined : this.#seats(this.#opened, 0)),
      onWaiting: () => undefined,
      onSealed: ({ clusterId, epoch, members }) =>
        onSealed({
          clusterId: Uint8Array.from(clusterId),
          epoch,
          members: members.map(({ id, birthId }) => ({ id, birthId: Uint8Array.from(birthId) })),
        }),
      onRefused: (_address, code, text) => demand(false, 'members are welcome', () => `${self.id}: ${code} ${text}`),
      onUnreachable: () => undefined,
    });
    this.#links.start();
  }

  start(opened: OpenedDriver): void {
    this.#opened = opened;
    const { driver, chat, sets, index, reader, wal, roster } = opened;
    const { self, logger, addresses, host, later, membership } = this.#parts;
    const { clock, turn } = host.context;
    const sealed = membership();
    demand(sealed !== undefined, 'sealed before serving', () => `server ${self.id}`);
    if (sealed === undefined) return;
    this.#clients = new Clients({
      serverId: self.id,
      servers: () => roster.latest.seats.filter(({ takes }) => takes === 0).length,
      driver,
      chat,
      history: new History({
        chat,
        rows: () => sets.liveSet.chat,
        index,
        reader,
        later,
        onFatal: (error) => driver.onFatal(error),
      }),
      clock,
      turn,
      logger,
      isFull: () => wal.full,
      addresses: () => [...addresses],
      answerOperator: (message) =>
        answerOperator(message, {
          self,
          clusterId: sealed.clusterId,
          seats: (request) => this.#seats(opened, request),
          governing: () => this.#seats(opened, 0).governing,
          propose: () => undefined,
          driver,
          chat,
          clients: () => this.#clients?.links.count ?? 0,
          http: '',
          faults: '',
          note: () => '',
        }),
      decide: () => undefined,
      onCountChanged: () => this.#links.changed(),
    });
    this.#clients.onceStopped(() => this.#parts.events.stopped());
    driver.serves(false);
    const onHello = (connection: FrameConnection, hello: Hello): void => this.#accept(connection, hello, sealed);
    host.listen(self.address, helloGate({ roles: ['client', 'operator'], what: 'a server', onHello, logger }));
  }

  #seats({ roster, driver }: OpenedDriver, request: number): Seats {
    const { epoch, seats } = roster.latest;
    const { addresses } = this.#parts;
    return {
      type: 'seats',
      request,
      epoch,
      governing: driver.view.epoch === epoch,
      votes: driver.view.votes,
      seats: seats.map((seat) => ({ ...seat, address: addresses[seat.id - 1] ?? '' })),
    };
  }

  #accept(connection: FrameConnection, hello: Hello, { clusterId }: Membership): void {
    const { self } = this.#parts;
    this.#watch(connection);
    connection.send(plainWelcome({ clusterId, serverId: self.id, incarnation: self.incarnation }));
    this.#clients?.accept(connection, hello);
  }

  /** Sees each answer leave, and bounds what may wait for a client that does not read. */
  #watch(connection: FrameConnection): void {
    const { events } = this.#parts;
    const send = connection.send.bind(connection);
    let wasWritable = true;
    connection.send = (message: Message) => {
      if (message.type === 'ack') events.acking(message);
      const result = send(message);
      if (wasWritable && !connection.writable) events.counted('slow readers met');
      wasWritable = connection.writable;
      demand(connection.queuedBytes <= 2 * outboundBytesMax, 'bounded queues', () => 'a client that does not read');
      if (message.type === 'ack') events.acked();
      return result;
    };
    const useLimits = connection.useLimits.bind(connection);
    connection.useLimits = (limits) => useLimits({ ...limits, outboundBytesMax, highWaterBytes });
  }

  propose(item: Uint8Array, isPending: () => boolean): void {
    this.#clients?.propose(item, isPending);
  }

  flush(): void {
    const { turn } = this.#parts.host.context;
    while (turn.busy) turn.run();
  }

  tick(nowMs: number): void {
    this.#clients?.tick(nowMs);
  }

  end(): void {
    this.#links.abandon();
  }

  get resubmitted(): number {
    return 0;
  }

  // --- from the driver --------------------------------------------------------------------------------------------

  applied(applied: Applied): void {
    this.#parts.events.applied(applied);
    this.#clients?.applied(applied);
  }

  installed(slot: Slot): void {
    this.#clients?.installed();
    this.#parts.events.installed(slot);
  }

  settled(batches: readonly number[]): void {
    this.#clients?.settled(batches);
  }

  refused(batches: readonly number[]): void {
    this.#clients?.refused(batches);
  }

  standing(change: StandingChange): void {
    if (change.leading && !this.#leading) this.#parts.events.counted('elections');
    this.#leading = change.leading;
    this.#clients?.standing(change);
    this.#links.changed();
  }

  read(id: number, fresh: boolean): void {
    this.#clients?.read(id, fresh);
  }

  stopped(): void {
    if (this.#clients === undefined) this.#parts.events.stopped();
    else this.#clients.stopped();
  }
}
