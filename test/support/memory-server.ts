/**
 * One server in memory: production's driver, log, state machine and clients' side, on a fake clock, a simulated disk
 * and socket pairs.
 */
import { limits, type Prng, silentLogger } from '../../src/base/index.js';
import { helloGate, plainWelcome } from '../../src/daemon/hello-gate.js';
import { Clients } from '../../src/daemon/server/clients.js';
import type { Driver, Listener } from '../../src/daemon/server/driver.js';
import { History } from '../../src/daemon/server/history.js';
import { type OpenedDriver, openDriver } from '../../src/daemon/server/open-driver.js';
import { answerOperator } from '../../src/daemon/server/operators.js';
import { type FrameConnection, Stage } from '../../src/net/index.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import { MemoryRows, MemoryStore } from '../../src/storage/index.js';
import type { Hello, Member, ServerId } from '../../src/wire/index.js';
import type { MemoryNetwork } from './duplex.js';
import type { FakeClock } from './fake-clock.js';
import { SimDisk } from './sim-disk.js';

/** Of all servers here. */
export const clusterId = Buffer.alloc(16, 0xc1);
/** Room for all that a test writes: no log rolls. */
const segmentBytes = 1 << 17;

export interface MemoryServerParts {
  readonly id: ServerId;
  readonly members: readonly Member[];
  readonly addresses: readonly string[];
  readonly clock: FakeClock;
  readonly network: MemoryNetwork;
  readonly random: Prng;
  /** A frame for another server leaves. */
  readonly send: (to: ServerId, message: PaxosMessage) => void;
}

export class MemoryServer {
  readonly id: ServerId;
  readonly incarnation: number;
  readonly address: string;
  /** The text of every event applied here, of all rooms, in order. */
  readonly applied: string[] = [];
  readonly #parts: MemoryServerParts;
  #opened: OpenedDriver | undefined;
  #clients: Clients | undefined;
  #diskArmed = false;
  #ticks = 0;

  constructor(parts: MemoryServerParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.incarnation = 0x1_0000_0000 + parts.id;
    this.address = parts.addresses[parts.id - 1] as string;
  }

  /** Opens the log, then ticks and takes clients; `done` is called with a later turn. */
  start(done: () => void): void {
    const { clock, random, members, send, network } = this.#parts;
    const store = new MemoryStore(new MemoryRows(), (act) => clock.immediate(act));
    openDriver(
      {
        disk: new SimDisk({ random, schedule: (delayUs, act) => void clock.setTimeout(act, delayUs / 1000) }),
        store,
        identity: {
          clusterId,
          serverId: this.id,
          birthId: (members[this.id - 1] as Member).birthId,
          epoch: 1,
          members,
          incarnation: this.incarnation,
        },
        clock,
        random,
        logger: silentLogger,
        transport: { send, flush: () => undefined },
        listener: this.#listener(),
        onFatal: (error) => {
          throw error;
        },
        afterDisk: () => this.#armDisk(),
        wanted: () => true,
        wal: { segmentBytes, firstSegmentBytes: segmentBytes },
        later: (act) => clock.immediate(act),
      },
      (error, opened) => {
        if (opened === undefined) throw error ?? new Error(`server ${this.id} did not open`);
        this.#opened = opened;
        this.#clients = this.#newClients(opened);
        const onHello = (connection: FrameConnection, hello: Hello): void => this.#accept(connection, hello);
        const logger = silentLogger;
        const gate = helloGate({ roles: ['client', 'operator'], what: 'a server', onHello, logger });
        network.listen(this.address, gate);
        this.#scheduleTick();
        done();
      },
    );
  }

  /** What the replica shows of itself. */
  get view(): Driver['view'] {
    return this.#driver.view;
  }

  peerUp(peer: MemoryServer): void {
    this.#drive(() => this.#driver.peerUp(peer.id, peer.incarnation));
  }

  message(from: ServerId, message: PaxosMessage): void {
    this.#drive(() => this.#driver.message(from, message));
  }

  get #driver(): Driver {
    if (this.#opened === undefined) throw new Error(`server ${this.id} has not started`);
    return this.#opened.driver;
  }

  #newClients({ driver, chat, reader, sets, index }: OpenedDriver): Clients {
    const { clock, addresses, members } = this.#parts;
    const onFatal = (error: Error): void => {
      throw error;
    };
    return new Clients({
      serverId: this.id,
      servers: () => members.length,
      driver: {
        submit: (batch, bytes) => this.#drive(() => driver.submit(batch, bytes)),
        answered: (batch) => this.#drive(() => driver.answered(batch)),
        serves: (serves) => this.#drive(() => driver.serves(serves)),
        read: (id) => this.#drive(() => driver.read(id)),
      },
      chat,
      history: new History({ chat, rows: () => sets.liveSet.chat, index, reader, onFatal }),
      clock,
      turn: clock.turn,
      logger: silentLogger,
      isFull: () => false,
      addresses: () => [...addresses],
      answerOperator: (message) =>
        answerOperator(message, {
          self: { ...this.#self, address: this.address },
          clusterId,
          seats: (request) => ({
            type: 'seats',
            request,
            epoch: 1,
            governing: true,
            votes: true,
            seats: members.map((member, i) => ({ ...member, votes: true, takes: 0, address: addresses[i] ?? '' })),
          }),
          governing: () => true,
          propose: () => undefined,
          driver,
          chat,
          clients: () => this.#clients?.links.count ?? 0,
          http: '',
          faults: '',
          note: () => '',
        }),
      decide: () => undefined,
      onCountChanged: () => undefined,
    });
  }

  get #self(): { readonly id: ServerId; readonly incarnation: number; readonly birthId: Uint8Array } {
    const { birthId } = this.#parts.members[this.id - 1] as Member;
    return { id: this.id, incarnation: this.incarnation, birthId };
  }

  #accept(connection: FrameConnection, hello: Hello): void {
    connection.send(plainWelcome({ clusterId, serverId: this.id, incarnation: this.incarnation }));
    this.#clients?.accept(connection, hello);
  }

  #listener(): Listener {
    return {
      applied: (applied) => {
        for (const { group } of applied.groups) this.applied.push(...group.events.map(({ text }) => text));
        this.#clients?.applied(applied);
      },
      installed: () => this.#clients?.installed(),
      settled: (batches) => this.#clients?.settled(batches),
      refused: (batches) => this.#clients?.refused(batches),
      standing: (change) => this.#clients?.standing(change),
      read: (id, fresh) => this.#clients?.read(id, fresh),
      stopped: () => this.#clients?.stopped(),
    };
  }

  #scheduleTick(): void {
    const { clock } = this.#parts;
    clock.setTimeout(() => {
      this.#drive(() => this.#driver.tick());
      this.#ticks += 1;
      if (this.#ticks % 100 === 0) this.#clients?.tick(clock.monotonicMs());
      this.#scheduleTick();
    }, limits.tickMs);
  }

  #drive(work: () => void): void {
    work();
    this.#armDisk();
  }

  /** Once per turn: everything appended in it goes to the disk in one write. */
  #armDisk(): void {
    if (this.#diskArmed) return;
    this.#diskArmed = true;
    this.#parts.clock.turn.defer(() => {
      this.#diskArmed = false;
      this.#driver.endOfTurn();
    }, Stage.wal);
  }
}
