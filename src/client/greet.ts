/** Dial and hello: from an address to a connection that has been welcomed, or to one clear reason why not. */
import type { Timer } from '../base/index.js';
import type { CloseCode, DialFailure, Dialling, FrameConnection } from '../net/index.js';
import { features, type Hello, type Welcome } from '../wire/index.js';
import type { Environment } from './environment.js';

/** The wire version this client speaks. */
const WIRE_VERSION = 1;
const NO_ID = new Uint8Array(16);

export type GreetFailure = DialFailure | CloseCode | 'NO_WELCOME' | 'TIMEOUT';

export type GreetResult =
  | { readonly ok: true; readonly connection: FrameConnection; readonly welcome: Welcome }
  | { readonly ok: false; readonly code: GreetFailure; readonly text: string };

/** It cannot pass by itself: the secret or the certificates do not fit, on one side or the other. */
export function isLockedOut(code: string): code is 'FORBIDDEN' | 'TLS' {
  return code === 'FORBIDDEN' || code === 'TLS';
}

export interface GreetOptions {
  readonly address: string;
  readonly role: 'client' | 'operator';
  /** The user's 32 secret bytes; without them the caller may only do what strangers may. */
  readonly token: Uint8Array | undefined;
  /** For dial and hello together. */
  readonly timeoutMs: number;
  /** The dial succeeded and hello is on its way. */
  readonly onDialled?: () => void;
}

/** The hello of somebody who is no server. */
export function callerHello(role: 'client' | 'operator', token: Uint8Array | undefined): Hello {
  return {
    type: 'hello',
    role,
    versionMin: WIRE_VERSION,
    versionMax: WIRE_VERSION,
    features: features.decisions,
    clusterId: NO_ID,
    membershipHash: NO_ID,
    epoch: 0,
    serverId: 0,
    incarnation: 0,
    birthId: NO_ID,
    authMethod: token === undefined ? 'none' : 'token',
    auth: token ?? new Uint8Array(0),
    address: '',
  };
}

/** `done` is called once, never before this returns; with a connection, `done` must attach handlers at once. */
export function greet(options: GreetOptions, environment: Environment, done: (result: GreetResult) => void): Dialling {
  const { clock, transport } = environment;
  const { address, timeoutMs } = options;
  let connection: FrameConnection | undefined;
  let over = false;
  let dialling: Dialling | undefined;
  const timer: Timer = clock.setTimeout(
    () => fail('TIMEOUT', `${address} does not answer within ${timeoutMs} ms (hung, or stopped?)`),
    timeoutMs,
  );

  const finish = (result: GreetResult): void => {
    if (over) return;
    over = true;
    clock.clearTimeout(timer);
    if (!result.ok) {
      dialling?.cancel();
      connection?.abandon(result.text);
    }
    done(result);
  };
  const fail = (code: GreetFailure, text: string): void => finish({ ok: false, code, text });

  dialling = transport.dial(address, timeoutMs, (result) => {
    dialling = undefined;
    if (!result.ok) return fail(result.code, result.text);
    const opened = result.connection;
    if (over) return opened.abandon('the greeting was given up');
    connection = opened;
    opened.attach({
      onMessage: (message) => {
        if (message.type === 'welcome') finish({ ok: true, connection: opened, welcome: message });
        else fail('NO_WELCOME', `${address} answered hello with ${message.type}; is this a synod server?`);
      },
      onClose: (reason) => fail(reason.code, `${address}: ${reason.text}`),
    });
    opened.send(callerHello(options.role, options.token));
    options.onDialled?.();
  });
  return {
    cancel: () => {
      if (over) return;
      over = true;
      clock.clearTimeout(timer);
      dialling?.cancel();
      connection?.abandon('the greeting was given up');
    },
  };
}
