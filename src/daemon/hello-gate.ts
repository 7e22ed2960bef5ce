/**
 * The first frame of every accepted connection: hello within 5 s, small, of a version we speak; then it is handed on.
 */
import { type Clock, type Logger, nodeClock } from '../base/index.js';
import type { CloseCode, CloseReason, FrameConnection } from '../net/index.js';
import type { Hello, HelloRole, Message, Welcome } from '../wire/index.js';

/** The only version there is; the range in hello leaves room for more. */
export const protocolVersion = 1;

export interface HelloGateOptions {
  /** The roles served here. */
  readonly roles: readonly HelloRole[];
  /** What this is, for the refusal of other roles, e.g. "a balancer". */
  readonly what: string;
  /** A sound hello of a served role; the receiver attaches its own handlers at once, or refuses. */
  readonly onHello: (connection: FrameConnection, hello: Hello) => void;
  readonly logger: Logger;
  /** Told of each stranger that this side ended. */
  readonly onEnded?: (code: CloseCode) => void;
  /** For the pace of log lines; the machine's by default. */
  readonly clock?: Clock;
}

/** Strangers that end are logged one by one up to so many in so long; of more only the number is told. */
const linesMax = 10;
const linesEveryMs = 10_000;

/** Returns the `onConnection` of a listener. */
export function helloGate(options: HelloGateOptions): (connection: FrameConnection) => void {
  const { logger, clock = nodeClock } = options;
  let sinceMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  // It ended before it said who it is; net has told it why, and whoever runs this daemon wants to know too. But whoever
  // can connect could fill the log's disk, a line a connection.
  const onClose = (connection: FrameConnection, { code, text, byPeer }: CloseReason): void => {
    if (byPeer) return;
    options.onEnded?.(code);
    const nowMs = clock.monotonicMs();
    if (nowMs - sinceMs >= linesEveryMs) {
      if (lines > linesMax) logger.warn('more strangers ended', { count: lines - linesMax });
      sinceMs = nowMs;
      lines = 0;
    }
    lines++;
    if (lines <= linesMax) logger.warn('stranger ended', { from: connection.remoteAddress, code, text });
  };
  return (connection) => {
    connection.attach({
      onMessage: (message) => onFirst(connection, message, options),
      onClose: (reason) => onClose(connection, reason),
    });
  };
}

function onFirst(connection: FrameConnection, message: Message, options: HelloGateOptions): void {
  if (message.type !== 'hello') {
    connection.refuse('BAD_HELLO', `the first frame is a ${message.type}: send hello first`);
    return;
  }
  if (message.versionMin > protocolVersion || message.versionMax < protocolVersion) {
    connection.refuse(
      'BAD_VERSION',
      `this side speaks version ${protocolVersion}, the caller ${message.versionMin} to ${message.versionMax}: ` +
        'install one release on all sides',
    );
    return;
  }
  if (!options.roles.includes(message.role)) {
    connection.refuse('BAD_HELLO', `this is ${options.what} and serves no ${message.role}: check the address`);
    return;
  }
  options.onHello(connection, message);
}

/** A welcome that names nothing but the version: what clients get, and what a balancer answers. */
export function plainWelcome(known: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    version: protocolVersion,
    features: 0,
    clusterId: new Uint8Array(16),
    membershipHash: new Uint8Array(16),
    epoch: 0,
    serverId: 0,
    incarnation: 0,
    authMethod: 'none',
    auth: new Uint8Array(0),
    ...known,
  };
}
