/** This server's links to its balancers: registers, hears of the seal, reports its load; tries again for ever. */
import { type Clock, type Logger, limits, type Timer } from '../../base/index.js';
import {
  type CloseReason,
  type Dialling,
  type DialResult,
  dial,
  dialLimits,
  type FrameConnection,
  type NetContext,
} from '../../net/index.js';
import {
  type Hello,
  type Join,
  type Message,
  mayCarry,
  type RefusalCode,
  type Report,
  type Sealed,
  type Seats,
} from '../../wire/index.js';

/** What a balancer may be told at any moment. */
export interface LoadReport {
  readonly clients: number;
  /** Connections ever accepted; each link turns it into "since my last report". */
  readonly arrivedEver: number;
  readonly leader: number;
  readonly hasMajority: boolean;
}

export interface BalancerLinksOptions {
  /** `host:port` of each balancer. */
  readonly addresses: readonly string[];
  readonly context: NetContext;
  /** Opens a connection; a socket by default. */
  readonly dial?: (address: string, timeoutMs: number, done: (result: DialResult) => void) => Dialling;
  readonly logger: Logger;
  /** Both are asked anew for each attempt: the id and the membership may have become known meanwhile. */
  readonly hello: () => Hello;
  readonly join: () => Join;
  readonly report: () => LoadReport;
  /** Who the members are, once the log has changed them; undefined: as sealed. */
  readonly seats: () => Seats | undefined;
  readonly onWaiting: (id: number, registered: number, servers: number) => void;
  readonly onSealed: (sealed: Sealed) => void;
  /** The balancer will not have us, whatever we do: a code that trying again can't change. */
  readonly onRefused: (address: string, code: RefusalCode, text: string) => void;
  readonly onUnreachable: (address: string, reason: string) => void;
}

/** Refusals that pass by themselves. */
const passing: ReadonlySet<RefusalCode> = new Set(['BUSY', 'NOT_READY', 'SHUTTING_DOWN', 'TOO_SLOW', 'INTERNAL']);
const dialTimeoutMs = 2_000;
/** Delay of a report that is sent because something changed. */
const soonMs = 20;
/** An unreachable balancer is mentioned in the log once, and again after so many attempts. */
const attemptsPerLine = 20;

/** One link per balancer; each lives on its own. */
export class BalancerLinks {
  readonly #links: BalancerLink[];

  constructor(options: BalancerLinksOptions) {
    this.#links = options.addresses.map((address) => new BalancerLink(address, options));
  }

  start(): void {
    for (const link of this.#links) link.start();
  }

  /** Something worth knowing changed: report before the next regular one. */
  changed(): void {
    for (const link of this.#links) link.reportSoon();
  }

  /** The log changed the members. */
  membersChanged(): void {
    for (const link of this.#links) link.tellSeats();
  }

  /** Says goodbye and never dials again. */
  stop(): void {
    for (const link of this.#links) link.stop();
  }

  /** As `stop`, without a word. */
  abandon(): void {
    for (const link of this.#links) link.abandon();
  }
}

class BalancerLink {
  readonly #address: string;
  readonly #options: BalancerLinksOptions;
  readonly #clock: Clock;
  #dialling: Dialling | undefined;
  #connection: FrameConnection | undefined;
  #timer: Timer | undefined;
  #reportTimer: Timer | undefined;
  #welcomed = false;
  #sealed = false;
  #failures = 0;
  #arrivedReported = 0;
  #soon = false;
  #ended = false;

  constructor(address: string, options: BalancerLinksOptions) {
    this.#address = address;
    this.#options = options;
    this.#clock = options.context.clock;
  }

  start(): void {
    const done = (result: DialResult): void => {
      this.#dialling = undefined;
      if (result.ok) this.#greet(result.connection);
      else this.#failed(result.text);
    };
    const { context, dial: open } = this.#options;
    this.#dialling =
      open?.(this.#address, dialTimeoutMs, done) ??
      dial(this.#address, { timeoutMs: dialTimeoutMs, limits: dialLimits }, context, done);
  }

  /** Within a moment, so that a thousand arriving clients cost a few reports. */
  reportSoon(): void {
    if (!this.#sealed || this.#soon || this.#ended) return;
    this.#soon = true;
    this.#armReport(soonMs);
  }

  tellSeats(): void {
    const seats = this.#options.seats();
    if (this.#sealed && seats !== undefined) this.#connection?.send(seats);
  }

  stop(): void {
    this.#end();
    this.#connection?.goodbye('SHUTTING_DOWN', 'this server stops');
  }

  abandon(): void {
    this.#end();
    this.#connection?.abandon('destroyed');
  }

  #end(): void {
    this.#ended = true;
    this.#dialling?.cancel();
    for (const timer of [this.#timer, this.#reportTimer]) if (timer !== undefined) this.#clock.clearTimeout(timer);
  }

  #greet(connection: FrameConnection): void {
    this.#connection = connection;
    this.#welcomed = false;
    this.#sealed = false;
    connection.attach({
      onMessage: (message) => this.#onMessage(connection, message),
      onClose: (reason) => this.#onClose(reason),
    });
    connection.send(this.#options.hello());
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    if (!mayCarry(message.type, 'balancer', 'server')) {
      connection.close('PROTOCOL_ERROR', `a ${message.type} from a balancer`);
      return;
    }
    switch (message.type) {
      case 'welcome':
        this.#welcomed = true;
        this.#failures = 0;
        connection.send(this.#options.join());
        return;
      case 'waiting':
        this.#options.onWaiting(message.serverId, message.registered, message.servers);
        return;
      case 'sealed':
        this.#options.onSealed(message);
        if (connection.closed === undefined && !this.#sealed && !this.#ended) {
          this.#sealed = true;
          this.#arrivedReported = this.#options.report().arrivedEver;
          this.#report();
          this.tellSeats();
        }
        return;
      default:
        this.#options.logger.debug('ignored', { what: message.type, why: 'not expected from a balancer' });
    }
  }

  #onClose(reason: CloseReason): void {
    this.#connection = undefined;
    if (this.#ended) return;
    if (this.#reportTimer !== undefined) this.#clock.clearTimeout(this.#reportTimer);
    const code = reason.code as RefusalCode;
    // A proof that fails is seen on this side or on that one.
    const isRefusal = reason.byPeer || code === 'FORBIDDEN';
    if (isRefusal && isFinal(reason)) this.#options.onRefused(this.#address, code, reason.text);
    else if (this.#welcomed)
      this.#options.logger.warn('balancer-lost', {
        text: 'lost the balancer; going on without it, trying again',
        balancer: this.#address,
        reason: reason.text,
      });
    this.#failed(reason.text, isRefusal);
  }

  /** `answered`: it was there and said why it will not have us, which says what to do. */
  #failed(reason: string, answered = false): void {
    if (this.#ended) return;
    this.#options.onUnreachable(this.#address, reason);
    if (this.#failures % attemptsPerLine === 0) {
      this.#options.logger.warn('balancer-not-reached', {
        balancer: this.#address,
        reason,
        ...(answered ? {} : { text: 'start it, or check --balancer' }),
      });
    }
    this.#failures++;
    this.#timer = this.#clock.setTimeout(() => this.start(), limits.registerRetryMs);
  }

  /** Every second and on change. */
  #report(): void {
    this.#soon = false;
    const { clients, arrivedEver, leader, hasMajority } = this.#options.report();
    const report: Report = {
      type: 'report',
      clients,
      arrived: arrivedEver - this.#arrivedReported,
      leader,
      hasMajority,
    };
    if (this.#connection?.send(report) !== 'queued') return;
    this.#arrivedReported = arrivedEver;
    this.#armReport(limits.reportMs);
  }

  #armReport(delayMs: number): void {
    if (this.#reportTimer !== undefined) this.#clock.clearTimeout(this.#reportTimer);
    this.#reportTimer = this.#clock.setTimeout(() => this.#report(), delayMs);
  }
}

/** Refused or sent away with a code that another attempt would meet again. */
function isFinal(reason: CloseReason): boolean {
  return reason.code !== 'ENDED' && reason.code !== 'RESET' && !passing.has(reason.code as RefusalCode);
}
