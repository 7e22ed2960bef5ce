/** The outbound link to one peer: dials, says hello, checks the welcome, and dials again when it closes. */
import { equalBytes, type Logger, limits, type Timer } from '../../base/index.js';
import {
  type CloseReason,
  type DialFailure,
  type Dialling,
  dial,
  type FrameConnection,
  type NetContext,
  peerLimits,
} from '../../net/index.js';
import type { Hello, Incarnation, Message, RefusalCode, ServerId, Welcome } from '../../wire/index.js';
import { lacks, tooOld } from './hello.js';

export interface PeerDialerOptions {
  readonly id: ServerId;
  readonly clusterId: Uint8Array;
  /** What this server says of itself now. */
  readonly hello: () => Hello;
  /** Bits that the peer's welcome must have. */
  readonly needs: () => number;
  readonly context: NetContext;
  readonly logger: Logger;
  /** Frames can be sent; the peer's life is this one. */
  readonly onUp: (incarnation: Incarnation) => void;
  readonly onDown: () => void;
  /** The peer refuses this server, for a reason that does not pass by itself. */
  readonly onRefused: (code: RefusalCode, text: string) => void;
}

const dialTimeoutMs = 2_000;
/** Of a look whether the way to a silent peer is free: there is one each second. */
const probeTimeoutMs = 1_000;
/** A duplicate probe on the other side may take a second (BEHAVIOUR.md 3.2); a silent listener no more than this. */
const greetTimeoutMs = 3_000;
/** First pause between two dials; doubles up to `limits.peerRedialMs`. */
const firstRedialMs = 20;
/** A peer that refuses us for another reason than being busy is not asked more often than this. */
const refusedRedialMs = 1_000;

export class PeerDialer {
  readonly #options: PeerDialerOptions;
  #address = '';
  /** Where the peer itself says it is; tried in turn with the known address when that one fails. */
  #ownWord = '';
  #dialling: Dialling | undefined;
  /** Where the open link goes. */
  #linkedTo = '';
  #probing: Dialling | undefined;
  /** Since the link opened somebody who dialled its address was not let through. */
  #wasBlocked = false;
  #connection: FrameConnection | undefined;
  #open = false;
  #life: Incarnation = 0;
  #features = 0;
  #timer: Timer | undefined;
  #redialMs = firstRedialMs;
  #attempts = 0;
  #refusal = '';
  #started = false;
  #ended = false;

  constructor(options: PeerDialerOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#address !== '' ? this.#address : this.#ownWord;
  }

  /** The link, if frames can be sent. */
  get open(): FrameConnection | undefined {
    return this.#open ? this.#connection : undefined;
  }

  /** Bits of what the peer at the other end of the open link knows. */
  get features(): number {
    return this.#features;
  }

  start(): void {
    this.#started = true;
    this.#dial();
  }

  /** The balancer says where the peer is. */
  setAddress(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    if (this.#started && !this.#open) this.#redialNow('its address changed');
  }

  /** The peer has linked itself to us: it lives, in this life, and says that it is at `ownWord`. */
  peerLives(incarnation: Incarnation, ownWord: string): void {
    this.#ownWord = ownWord;
    if (this.#open) {
      if (this.#life !== incarnation) this.#redialNow('the peer has begun another life');
      return;
    }
    // An attempt under way is left alone: two servers that meet would otherwise cut each other's greeting for ever.
    if (this.#dialling === undefined && this.#connection === undefined) this.#redialNow('the peer is there');
  }

  /**
   * Nothing is heard of the peer: looks whether the way to it is free. After a cable was out TCP lets what it could not
   * deliver wait about as long again; a caller who comes through after others did not knows better, and the link is
   * made anew. A silence while the way is free, as behind a fault proxy or of a stopped process, closes nothing
   * (BEHAVIOUR.md 5).
   */
  probe(): void {
    if (!this.#open || this.#probing !== undefined) return;
    const options = { timeoutMs: probeTimeoutMs, limits: peerLimits };
    this.#probing = dial(this.#linkedTo, options, this.#options.context, (result) => {
      this.#probing = undefined;
      if (result.ok) {
        result.connection.abandon('it only asked whether the way is free');
        if (this.#wasBlocked && this.#open) this.#redialNow('the way to the peer is free again');
      } else if (result.code === 'TIMEOUT' || result.code === 'UNREACHABLE') this.#wasBlocked = true;
    });
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
    this.#probing?.cancel();
    this.#stopTimer();
  }

  #redialNow(why: string): void {
    if (!this.#started || this.#ended) return;
    if (this.#open) this.#options.onDown();
    this.#open = false;
    this.#connection?.abandon(why);
    this.#connection = undefined;
    this.#dialling?.cancel();
    this.#redialMs = firstRedialMs;
    this.#dial();
  }

  #dial(): void {
    this.#stopTimer();
    const choices = [this.#address, this.#ownWord].filter((address) => address !== '');
    const address = choices[this.#attempts++ % Math.max(1, choices.length)];
    if (address === undefined) {
      this.#later(limits.peerRedialMs);
      return;
    }
    this.#dialling = dial(
      address,
      { timeoutMs: dialTimeoutMs, limits: peerLimits },
      this.#options.context,
      (result) => {
        this.#dialling = undefined;
        if (result.ok) this.#greet(result.connection, address);
        else this.#notReached(address, result.code, result.text);
      },
    );
  }

  /** A peer that is down is no news; a certificate that is not accepted is, once. */
  #notReached(address: string, code: DialFailure, reason: string): void {
    const isNews = code === 'TLS' && this.#refusal !== reason;
    const fields = { peer: this.#options.id, address, reason };
    if (isNews) this.#options.logger.warn('peer-not-reached', fields);
    else this.#options.logger.debug('peer-not-reached', fields);
    if (code === 'TLS') this.#refusal = reason;
    this.#later(code === 'TLS' ? refusedRedialMs : this.#nextPause());
  }

  #greet(connection: FrameConnection, address: string): void {
    this.#connection = connection;
    this.#linkedTo = address;
    this.#wasBlocked = false;
    connection.attach({
      onMessage: (message) => this.#onMessage(connection, message),
      onClose: (reason) => this.#onClose(connection, reason),
    });
    connection.send(this.#options.hello());
    this.#timer = this.#options.context.clock.setTimeout(() => {
      connection.close('LOCAL', `it does not answer within ${greetTimeoutMs} ms (hung, or stopped?)`);
    }, greetTimeoutMs);
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    if (this.#connection !== connection) return;
    if (message.type !== 'welcome' || this.#open) {
      connection.close('PROTOCOL_ERROR', `a ${message.type} on a link that only this server speaks on`);
      return;
    }
    const wrong = this.#welcomeFault(message);
    if (wrong !== undefined) {
      this.#options.logger.warn('peer-address-wrong', { peer: this.#options.id, text: wrong });
      connection.close('FOREIGN_CLUSTER', wrong);
      return;
    }
    this.#features = message.features;
    if (!this.#knowsEnough(connection)) return;
    this.#stopTimer();
    this.#open = true;
    this.#life = message.incarnation;
    this.#redialMs = firstRedialMs;
    this.#attempts = 0;
    this.#refusal = '';
    this.#options.logger.info('peer-linked', { peer: this.#options.id, address: connection.remoteAddress });
    this.#options.onUp(message.incarnation);
  }

  /** What is needed has changed: a peer that does not know it is not spoken to any more. */
  demand(): void {
    if (this.#open && this.#connection !== undefined) this.#knowsEnough(this.#connection);
  }

  #knowsEnough(connection: FrameConnection): boolean {
    if (!lacks(this.#features, this.#options.needs())) return true;
    const text = tooOld(this.#options.id);
    this.#options.logger.warn('peer-older', { peer: this.#options.id, text });
    connection.close('BAD_VERSION', text);
    return false;
  }

  #welcomeFault(welcome: Welcome): string | undefined {
    const { id, clusterId } = this.#options;
    if (!equalBytes(welcome.clusterId, clusterId)) return 'it belongs to another cluster: check the addresses';
    if (welcome.serverId !== id) return `it is server ${welcome.serverId}: check the addresses`;
    return undefined;
  }

  #onClose(connection: FrameConnection, reason: CloseReason): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const wasOpen = this.#open;
    this.#open = false;
    if (this.#ended) return;
    if (wasOpen) {
      this.#options.logger.info('peer-outbound-closed', {
        peer: this.#options.id,
        code: reason.code,
        text: reason.text,
      });
      this.#options.onDown();
    }
    this.#later(this.#refused(reason) ? refusedRedialMs : this.#nextPause());
  }

  /** Logs a refusal once, and passes on those that this server must obey. */
  #refused(reason: CloseReason): boolean {
    const { code, text, byPeer } = reason;
    // A proof that fails is seen on this side or on that one.
    const isRefusal = byPeer || code === 'FORBIDDEN';
    if (!isRefusal || code === 'ENDED' || code === 'SHUTTING_DOWN' || code === 'NOT_READY' || code === 'BUSY')
      return false;
    if (this.#refusal !== text) this.#options.logger.warn('refused-by-peer', { peer: this.#options.id, code, text });
    this.#refusal = text;
    if (code === 'DUPLICATE_ID' || code === 'OLD_INCARNATION' || code === 'UNKNOWN_ID')
      this.#options.onRefused(code, text);
    return true;
  }

  #nextPause(): number {
    const pause = this.#redialMs;
    this.#redialMs = Math.min(limits.peerRedialMs, this.#redialMs * 2);
    return pause;
  }

  #later(delayMs: number): void {
    if (this.#ended) return;
    this.#stopTimer();
    this.#timer = this.#options.context.clock.setTimeout(() => this.#dial(), delayMs);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#options.context.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
