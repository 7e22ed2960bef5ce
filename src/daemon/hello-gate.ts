/**
 * The first frame of every accepted connection: hello within 5 s, small, of a version we speak; then it is handed on.
 */
import type { Logger } from '../base/index.js';
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
}

/** Returns the `onConnection` of a listener. */
export function helloGate(options: HelloGateOptions): (connection: FrameConnection) => void {
  // It ended before it said who it is; net has told it why, and whoever runs this daemon wants to know too. Whoever can
  // connect can make many such lines: the daemons' logger joins them.
  const onClose = (connection: FrameConnection, { code, text, byPeer }: CloseReason): void => {
    if (byPeer) return;
    options.onEnded?.(code);
    options.logger.warn('stranger-ended', { from: connection.remoteAddress, code, text });
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
  if (message.authMethod === 'challenge') {
    const text =
      'this side has no cluster secret and can prove none: start it with --secret-file, or leave it out there';
    connection.refuse('FORBIDDEN', text);
    return;
  }
  const { guestBecause } = connection;
  if (guestBecause !== undefined && (message.role === 'server' || message.role === 'registrant')) {
    connection.refuse('FORBIDDEN', `a ${message.role} needs more than this: ${guestBecause}`);
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
