/** What is known about one message type: the shape of the definition that stands beside each message's interface. */
import { limits } from '../base/index.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** Who speaks. An operator is a client that runs no chat: status, verify, members. */
export type Party = 'client' | 'operator' | 'server' | 'balancer';

/**
 * The letters of the fault grammar (BEHAVIOUR.md 5): p prepare, a accept, c commit, g learn, r forward; h marks the
 * heartbeats, which only `d` drops. Messages without a class are never delayed either.
 */
export type FaultClass = 'p' | 'a' | 'c' | 'g' | 'r' | 'h';

/** Which limit a frame of this type obeys: before hello, to or from a client, between servers. */
export type FrameLimitClass = 'hello' | 'client' | 'server';

/** Everything about one message type. */
export interface MessageSpec<M extends { readonly type: string }> {
  readonly type: M['type'];
  /** The type byte of its frames; never used again when the message is retired. */
  readonly code: number;
  readonly from: readonly Party[];
  readonly to: readonly Party[];
  readonly faultClass: FaultClass | undefined;
  readonly limitClass: FrameLimitClass;
  write(writer: Writer, message: M): void;
  read(reader: Reader): M;
}

/** Helps the compiler to check a definition against its interface. */
export function defineMessage<M extends { readonly type: string }>(spec: MessageSpec<M>): MessageSpec<M> {
  return Object.freeze(spec);
}

/** The most bytes a whole frame of this class may have, header included. */
export function frameBytesMax(limitClass: FrameLimitClass): number {
  if (limitClass === 'hello') return limits.frameBytesMaxHello;
  return limitClass === 'client' ? limits.frameBytesMaxClient : limits.frameBytesMaxServer;
}
