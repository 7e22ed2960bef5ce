/**
 * The package's API: a reconnecting chat client with honest states, the user's identity, and one-shot questions to
 * servers.
 */

export { configDirectory } from '../base/index.js';
/** The wire's own words, as far as they stand in the types above. */
export type {
  DirectRoom,
  EventGroup,
  Kept,
  ListedRoom,
  OutcomeCode,
  Page,
  RefusalCode,
  RoomEvent,
  RoomList,
  Standing,
  Status,
} from '../wire/index.js';
export { ChatClient, type HistoryQuery } from './chat-client.js';
export { groupEvents } from './deliveries.js';
export type { Unsubscribe } from './emitter.js';
export {
  defaultEnvironment,
  defaultSecurity,
  type Environment,
  secureDefaultEnvironment,
  socketEnvironment,
  type Transport,
} from './environment.js';
export type * from './events.js';
export { isLockedOut } from './greet.js';
export { hasIdentity, importIdentity, loadIdentity, parseToken } from './identity.js';
export {
  type Answered,
  type AskFailure,
  askOnce,
  Operator,
  type OperatorOptions,
  openOperator,
  type PageQuery,
} from './operator.js';
export type { ChatClientOptions } from './options.js';
export type { FinalCode, OnOutcome } from './outbox.js';
export type { Asked, AskedFailure } from './requests.js';
export type { From } from './room-stream.js';
export type { SessionState } from './session.js';
export { noBalancerText, passedOverText } from './texts.js';
