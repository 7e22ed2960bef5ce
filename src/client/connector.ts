/** Keeps the client connected: asks where to go, dials, greets, and starts anew whenever the connection is lost. */
import { limits, type Timer } from '../base/index.js';
import type { FrameConnection } from '../net/index.js';
import type { Message, Standing, Welcome } from '../wire/index.js';
import { Backoff } from './backoff.js';
import { clusterOf, OwnCluster } from './cluster.js';
import type { ClientErrorCode, Phase } from './events.js';
import { greet, isLockedOut } from './greet.js';
import type { Link, Shared } from './link.js';
import { type ChatClientOptions, DIAL_TIMEOUT_MS, GOOD_CONNECTION_MS, NOT_READY_RETRY_MAX_MS } from './options.js';
import { type Route, Router } from './router.js';
import { Scout } from './scout.js';
import { foreignServerText } from './texts.js';
import { Told } from './told.js';

/** What a client does with a connection. `shared.link` is set before `onOpen` and cleared before `onLost`. */
export interface ConnectorSink {
  onOpen(link: Link): void;
  /**
   * In place of `onOpen`: the server is of another cluster than `before`, and there nothing of what the client has
   * means anything.
   */
  onOpenElsewhere(link: Link, before: string): void;
  onLost(link: Link): void;
  /** Only ever of the present connection. */
  onMessage(link: Link, message: Message): void;
  onDrain(): void;
}

export class Connector {
  readonly #options: ChatClientOptions;
  readonly #shared: Shared;
  readonly #sink: ConnectorSink;
  readonly #router: Router;
  readonly #scout: Scout;
  readonly #backoff: Backoff;
  readonly #moveBackoff: Backoff;
  readonly #dialTimeoutMs: number;
  readonly #cluster = new OwnCluster();
  readonly #told = new Told();
  #phase: Phase = 'idle';
  #greeting: { cancel(): void } | undefined;
  #standing: Standing | undefined;
  #quorum = { ok: true, up: 0, servers: 0 };
  #waitingFor = -1;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #retryTimer: Timer | undefined;
  #moveTimer: Timer | undefined;

  constructor(options: ChatClientOptions, shared: Shared, sink: ConnectorSink) {
    this.#options = options;
    this.#shared = shared;
    this.#sink = sink;
    this.#dialTimeoutMs = options.dialTimeoutMs ?? DIAL_TIMEOUT_MS;
    const { random } = shared.environment;
    this.#router = new Router(
      {
        balancers: options.balancers ?? [],
        pinned: options.server,
        servers: options.servers ?? [],
        token: options.token,
        timeoutMs: this.#dialTimeoutMs,
        isElsewhere: (vouched) => this.#cluster.isElsewhere(vouched),
      },
      shared.environment,
    );
    this.#scout = new Scout(
      {
        timeoutMs: this.#dialTimeoutMs,
        known: () => this.#router.known,
        isOurs: (cluster) => this.#cluster.isOurs(cluster),
        found: (address) => this.#moveToLeader(this.#router.routeTo(address), 'another server has one'),
        metElsewhere: (cluster) =>
          this.#router.findElsewhere(cluster, (route) =>
            this.#moveToLeader(route, 'a balancer names a server of another cluster that has one'),
          ),
      },
      shared.environment,
    );
    this.#backoff = new Backoff(limits.rerouteMs, limits.rerouteMaxMs, random);
    this.#moveBackoff = new Backoff(limits.moveMs, 16 * limits.moveMs, random);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The id of the cluster that this client is of; '' before it reached a server. */
  get cluster(): string {
    return this.#cluster.id;
  }

  /** What the server last said about leader and quorum. */
  get standing(): Standing | undefined {
    return this.#standing;
  }

  get knownServers(): readonly string[] {
    return this.#router.known;
  }

  /** Starts looking for a server; a second call does nothing. */
  start(): void {
    if (this.#phase === 'idle') this.#route();
  }

  /** The present connection does what it is for: nothing counts as failed any more. */
  ready(link: Link): void {
    link.ready = true;
    this.#told.clear();
    this.#router.succeeded();
    this.#setPhase('ready');
    this.#shared.emitter.emit('connected', { event: 'connected', server: link.server, address: link.address });
  }

  /** The connection is over or given up; the session, the streams and the lines live on. */
  lose(link: Link, reason: string): void {
    if (this.#shared.link !== link) return;
    const nowMs = this.#shared.environment.clock.monotonicMs();
    this.#shared.link = undefined;
    link.connection.abandon('replaced');
    this.#clear(this.#moveTimer);
    this.#moveTimer = undefined;
    this.#scout.end();
    this.#sink.onLost(link);
    this.#router.failed(link.address);
    if (link.ready && nowMs - link.openedAtMs >= GOOD_CONNECTION_MS) this.#backoff.reset();
    this.#retryAfter(link.server, reason);
  }

  /** The user wants this server: goes there at once, whatever is under way. */
  moveTo(address: string): void {
    const { link } = this.#shared;
    if (this.#phase === 'closed' || this.#options.server !== undefined || link?.address === address) return;
    this.#router.prefer(this.#router.routeTo(address));
    if (link !== undefined) return this.lose(link, `Left server ${link.server} for ${address}, as asked`);
    if (this.#phase === 'idle') return;
    this.#greeting?.cancel();
    this.#greeting = undefined;
    this.#clear(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#route();
  }

  /** How the connected server stands; it may ask its clients to move (BEHAVIOUR.md 3.6). */
  onStanding(link: Link, standing: Standing): void {
    this.#standing = standing;
    this.#router.learn(standing.addresses);
    this.#tellQuorum(2 * standing.up > standing.servers, standing.up, standing.servers);
    if (this.#options.server !== undefined) return;
    if (standing.leader !== 0) this.#scout.end();
    else this.#scout.begin(link.address, standing.move ? 0 : limits.moveMs);
  }

  /** There is a leader there, and our server has none: goes there, unless that changes before it is time to. */
  #moveToLeader(route: Route, why: string): void {
    const { link } = this.#shared;
    if (link === undefined || this.#moveTimer !== undefined) return;
    const { clock } = this.#shared.environment;
    // Moving twice in a row waits longer and longer: two confused servers must not throw a client back and forth.
    const sinceMs = clock.monotonicMs() - this.#movedAtMs;
    if (sinceMs >= 16 * limits.moveMs) this.#moveBackoff.reset();
    const delayMs = Math.max(0, this.#moveBackoff.next() - sinceMs);
    this.#moveTimer = clock.setTimeout(() => {
      this.#moveTimer = undefined;
      if (this.#shared.link !== link || this.#standing?.leader !== 0) return;
      this.#movedAtMs = clock.monotonicMs();
      this.#router.prefer(route);
      this.lose(link, `Server ${link.server} has no leader while ${why}; moving there`);
    }, delayMs);
  }

  /** For good: whatever is under way is given up, the server is told. */
  close(): void {
    const { link } = this.#shared;
    this.#shared.link = undefined;
    for (const timer of [this.#retryTimer, this.#moveTimer]) this.#clear(timer);
    this.#retryTimer = undefined;
    this.#moveTimer = undefined;
    this.#greeting?.cancel();
    this.#router.cancel();
    this.#scout.end();
    link?.connection.goodbye('SHUTTING_DOWN', 'the client leaves');
    this.#setPhase('closed');
  }

  #route(): void {
    this.#setPhase('routing');
    this.#router.find((route) => this.#onRoute(route));
  }

  #onRoute(route: Route): void {
    const { said, address } = route;
    if (said?.status === 'mostFail') this.#tellQuorum(false, said.up, said.servers);
    if (said?.status === 'notReady') {
      if (this.#waitingFor !== said.registered) {
        this.#waitingFor = said.registered;
        const { registered, servers } = said;
        this.#shared.emitter.emit('waiting', { event: 'waiting', for: 'servers', registered, servers });
      }
      this.#retryIn(Math.min(this.#backoff.next(), NOT_READY_RETRY_MAX_MS));
      return;
    }
    this.#waitingFor = -1;
    if (address !== undefined) {
      this.#dial(address, route);
    } else if (said !== undefined) {
      this.#retryAfter(
        0,
        `No quorum: ${said.up} of ${said.servers} servers answer. Lines wait here until a majority is back`,
      );
    } else {
      if (route.lockedOut !== undefined) this.#tellOnce(route.lockedOut.code, route.lockedOut.text);
      this.#retryAfter(0, route.trouble === undefined || route.trouble === '' ? 'No server is known' : route.trouble);
    }
  }

  #dial(address: string, route: Route): void {
    this.#setPhase('dialling');
    const onDialled = (): void => this.#setPhase('greeting');
    const { token } = this.#options;
    this.#greeting = greet(
      { address, role: 'client', token, timeoutMs: this.#dialTimeoutMs, onDialled },
      this.#shared.environment,
      (result) => {
        this.#greeting = undefined;
        if (result.ok) return this.#meet(result.connection, address, result.welcome, route);
        if (isRefusal(result.code)) this.#tellOnce(result.code, result.text);
        this.#failed(address, result.text);
      },
    );
  }

  #failed(address: string, text: string): void {
    this.#router.failed(address);
    this.#retryAfter(0, text);
  }

  /** Somebody else may have taken the address, or the whole cluster was restored or made anew (decision 0020). */
  #meet(connection: FrameConnection, address: string, welcome: Welcome, route: Route): void {
    const before = this.#cluster.id;
    const cluster = clusterOf(welcome);
    const { vouched } = route;
    const meeting = this.#cluster.meet(cluster, vouched);
    if (meeting === 'foreign') {
      connection.abandon('it is of another cluster');
      const text = foreignServerText(address, cluster, before, vouched);
      // However many of its servers there are: it is one thing to look at.
      this.#tellOnce('FOREIGN_CLUSTER', text, cluster);
      return this.#failed(address, text);
    }
    const link = this.#open(connection, address, welcome);
    if (meeting === 'same') return this.#sink.onOpen(link);
    this.#router.beginAnew(route);
    this.#told.clear();
    this.#sink.onOpenElsewhere(link, before);
  }

  #open(connection: FrameConnection, address: string, { serverId, features }: Welcome): Link {
    const openedAtMs = this.#shared.environment.clock.monotonicMs();
    const link: Link = { connection, server: serverId, address, openedAtMs, features, ready: false };
    this.#shared.link = link;
    connection.attach({
      onMessage: (message) => {
        if (this.#shared.link === link) this.#sink.onMessage(link, message);
      },
      onClose: (reason) => this.lose(link, reason.text),
      onDrain: () => this.#sink.onDrain(),
    });
    return link;
  }

  /** Once for the same `about`, however often it is met again before a connection is ready. */
  #tellOnce(code: ClientErrorCode, text: string, about = text): void {
    if (this.#told.isNew(`${code} ${about}`)) this.#shared.tellError(code, text);
  }

  #retryAfter(server: number, reason: string): void {
    const retryInMs = this.#backoff.next();
    this.#retryIn(retryInMs);
    this.#shared.emitter.emit('disconnected', { event: 'disconnected', server, reason, retryInMs });
  }

  #retryIn(delayMs: number): void {
    this.#setPhase('waiting');
    this.#retryTimer = this.#shared.environment.clock.setTimeout(() => {
      this.#retryTimer = undefined;
      this.#route();
    }, delayMs);
  }

  #tellQuorum(ok: boolean, up: number, servers: number): void {
    const before = this.#quorum;
    if (before.ok === ok && (ok || before.up === up)) return;
    this.#quorum = { ok, up, servers };
    this.#shared.emitter.emit('quorum', { event: 'quorum', ok, up, servers });
  }

  #setPhase(phase: Phase): void {
    if (this.#phase === phase || this.#phase === 'closed') return;
    this.#phase = phase;
    this.#shared.emitter.emit('phase', { event: 'phase', phase });
  }

  #clear(timer: Timer | undefined): void {
    if (timer !== undefined) this.#shared.environment.clock.clearTimeout(timer);
  }
}

/** Greeting failures that mean "not you", as against "not now". */
function isRefusal(code: string): code is 'BAD_VERSION' | 'FOREIGN_CLUSTER' | 'FORBIDDEN' | 'BAD_HELLO' | 'TLS' {
  return code === 'BAD_VERSION' || code === 'FOREIGN_CLUSTER' || code === 'BAD_HELLO' || isLockedOut(code);
}
