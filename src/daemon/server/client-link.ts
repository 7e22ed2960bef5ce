/** One client's connection as the parts of the server's client side share it. */
import { SmallMap } from '../../base/index.js';
import type { FrameConnection } from '../../net/index.js';
import type { OutcomeCode } from '../../wire/index.js';
import type { SubmissionHandle } from './session-queue.js';
import type { Subscription } from './subscriptions.js';

export interface ClientLink {
  readonly connection: FrameConnection;
  /** SHA-256 of the token proved in hello; undefined for a stranger, who may read rooms and no more. */
  readonly tokenHash: Uint8Array | undefined;
  /** Its other end knows `kept` and NAME_BLOCKED. */
  readonly knowsDecisions: boolean;
  /** Sessions this connection speaks for, by {@link sessionKey}; nearly always one. */
  readonly handles: SmallMap<SubmissionHandle<ClientLink>>;
  /** The one that spoke last: looked at first. */
  speaking: SubmissionHandle<ClientLink> | undefined;
  /** Rooms it subscribes to. */
  readonly subscriptions: SmallMap<Subscription>;
  /** Registers, resumes and pages asked for and not answered. */
  asked: number;
}

/** Sessions one connection may speak for: a client has one, and a new one after an expiry. */
export const sessionsPerLinkMax = 16;

/** Questions (register, resume, subscribe, history) of one connection being answered; then its input is paused. */
export const askedPerLinkMax = 16;

export function newClientLink(
  connection: FrameConnection,
  tokenHash: Uint8Array | undefined,
  knowsDecisions = false,
): ClientLink {
  return {
    connection,
    tokenHash,
    knowsDecisions,
    handles: new SmallMap(),
    speaking: undefined,
    subscriptions: new SmallMap(),
    asked: 0,
  };
}

/** A code as the client knows it: whoever is of an older release is told that it may not. */
export function codeFor({ knowsDecisions }: ClientLink, code: OutcomeCode): OutcomeCode {
  return code === 'NAME_BLOCKED' && !knowsDecisions ? 'NOT_ALLOWED' : code;
}

/** One more question: above the bound the connection is not read until one is answered. */
export function beginAsking(link: ClientLink): void {
  link.asked++;
  if (link.asked === askedPerLinkMax) link.connection.pause();
}

export function endAsking(link: ClientLink): void {
  link.asked--;
  if (link.asked === askedPerLinkMax - 1) link.connection.resume();
}
