/** Connecting: tries IPv4 first for localhost, keeps a deadline, and never talks to itself on a closed port. */
import { createConnection, type Socket } from 'node:net';
import { formatAddress, hostsToTry, parseAddress, type Timer } from '../base/index.js';
import { Connection } from './connection.js';
import type { FrameConnection } from './frame-connection.js';
import { type ConnectionLimits, dialLimits, type NetContext } from './options.js';
import { callerProofs } from './security.js';
import { tlsFault } from './tls-identity.js';

/** Why no connection came about. REFUSED includes a port on which nobody listens but ourselves (TCP self-connect). */
export type DialFailure =
  | 'BAD_ADDRESS'
  | 'NOT_FOUND'
  | 'REFUSED'
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'NO_DESCRIPTORS'
  /** The TCP connection stood; what came over it was no TLS, or not of whom we trust. */
  | 'TLS'
  | 'FAILED';

export type DialResult =
  | { readonly ok: true; readonly connection: FrameConnection }
  | { readonly ok: false; readonly code: DialFailure; readonly text: string };

export interface DialOptions {
  /** For the whole attempt, all hosts together. */
  readonly timeoutMs: number;
  /** Default: {@link dialLimits}, those of a client. */
  readonly limits?: ConnectionLimits;
  /** How a socket is opened; replaced by tests that force a certain local port. */
  readonly connect?: (host: string, port: number) => Socket;
}

/** A dial under way. After `cancel` the result is never reported. */
export interface Dialling {
  cancel(): void;
}

const failures: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: 'REFUSED',
  ENOTFOUND: 'NOT_FOUND',
  EAI_AGAIN: 'NOT_FOUND',
  EHOSTUNREACH: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  ETIMEDOUT: 'TIMEOUT',
  EMFILE: 'NO_DESCRIPTORS',
  ENFILE: 'NO_DESCRIPTORS',
};

/**
 * On Linux a connect to a free port of the ephemeral range may pick that same port as its own and meet itself
 * (simultaneous open); it would then speak hello to itself for ever.
 */
function isSelf(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}

/** Opens a connection to `address` (`host:port`). `done` is called once, never before this function has returned. */
export function dial(
  address: string,
  options: DialOptions,
  context: NetContext,
  done: (result: DialResult) => void,
): Dialling {
  let socket: Socket | undefined;
  let over = false;
  let timer: Timer | undefined;
  const finish = (result: DialResult): void => {
    if (over) return;
    over = true;
    if (timer !== undefined) context.clock.clearTimeout(timer);
    if (!result.ok) socket?.destroy();
    done(result);
  };
  const fail = (code: DialFailure, text: string): void => finish({ ok: false, code, text });

  const parsed = parseAddress(address);
  if ('error' in parsed) {
    const { error } = parsed;
    queueMicrotask(() => fail('BAD_ADDRESS', error));
    return {
      cancel: () => {
        over = true;
      },
    };
  }
  const { tls } = context.security;
  const plain = (host: string, port: number): Socket => createConnection({ host, port, noDelay: true });
  const connect = options.connect ?? (tls === undefined ? plain : (host, port) => tls.connect(host, port));
  const hosts = hostsToTry(parsed.host);

  const attempt = (index: number): void => {
    const host = hosts[index] as string;
    const next = (code: DialFailure, text: string): void => {
      if (over) return;
      socket?.destroy();
      if (index + 1 < hosts.length) attempt(index + 1);
      else fail(code, text);
    };
    const opened = connect(host, parsed.port);
    socket = opened;
    const onError = (error: NodeJS.ErrnoException): void => {
      const fault = tls === undefined ? undefined : tlsFault(opened, error);
      // Another host of the same name would not speak another language.
      if (fault !== undefined) return fail('TLS', `${address}: ${fault}`);
      const code = failures[error.code ?? ''] ?? 'FAILED';
      next(
        code,
        code === 'REFUSED'
          ? `${address}: connection refused`
          : `${address}: ${error.message || error.code || 'failed'}`,
      );
    };
    opened.once('error', onError);
    opened.once('encrypted' in opened ? 'secureConnect' : 'connect', () => {
      if (over) return;
      if (isSelf(opened)) {
        opened.on('error', () => undefined); // A torn self-connection may still report a reset; it concerns nobody.
        next('REFUSED', `${address}: connection refused (the port is free; the system connected it to itself)`);
        return;
      }
      opened.off('error', onError);
      finish({
        ok: true,
        connection: new Connection(opened, options.limits ?? dialLimits, context, callerProofs(context.security)),
      });
    });
  };

  timer = context.clock.setTimeout(
    () => fail('TIMEOUT', `${formatAddress(parsed.host, parsed.port)}: no answer within ${options.timeoutMs} ms`),
    options.timeoutMs,
  );
  attempt(0);
  return {
    cancel: () => {
      if (over) return;
      over = true;
      if (timer !== undefined) context.clock.clearTimeout(timer);
      socket?.on('error', () => undefined); // A cancelled attempt may still fail; nobody waits for it.
      socket?.destroy();
    },
  };
}
