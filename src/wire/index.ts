/** The face of wire: bytes to messages and back, no I/O. docs/PROTOCOL.md lists every byte. */
export { decode, encode } from './codec.js';
export { type DecisionItem, type DecisionVerb, decisionItem, decisionVerbs, readDecision } from './decision-item.js';
export { describe } from './describe.js';
export {
  type AttachItem,
  attachItem,
  type DetachItem,
  detachItem,
  ENTRY_BATCH,
  ENTRY_HEADER_BYTES,
  ENTRY_NOOP,
  type EntryHeader,
  EntryReader,
  type EntryStamp,
  encodeEntry,
  ITEM_ATTACH,
  ITEM_DECISION,
  ITEM_DETACH,
  ITEM_HEADER_BYTES,
  ITEM_MEMBERS,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  noopEntry,
  type RegisterItem,
  readEntryHeader,
  registerItem,
  runItem,
  TOKEN_HASH_BYTES,
  touchItem,
} from './entry.js';
export { ProtocolError, type ProtocolErrorReason } from './errors.js';
export { HASH_BYTES, ID_BYTES } from './fields.js';
export { FRAME_HEADER_BYTES, FRAME_VERSION, FrameSplitter } from './framing.js';
export { checkBatch, checkEntry, readAttach, readDetach, readRegister, readTouch } from './items.js';
export { eventKinds } from './kinds.js';
export { type MembersItem, membersItem, readMembers } from './members-item.js';
export { membershipHash } from './membership.js';
export { type FaultClass, type FrameLimitClass, frameBytesMax, type MessageSpec, type Party } from './message-spec.js';
export type * from './messages/balancer.js';
export type * from './messages/catchup.js';
export { stateSum } from './messages/catchup.js';
export type * from './messages/client.js';
export { outcomeCodes } from './messages/client.js';
export type * from './messages/decisions.js';
export type * from './messages/handshake.js';
export { features, refusalCodes } from './messages/handshake.js';
export type * from './messages/members.js';
export type * from './messages/paxos.js';
export type * from './messages/proof.js';
export { KEY_ID_BYTES, PROOF_BYTES } from './messages/proof.js';
export type * from './messages/room-list.js';
export type * from './messages/rooms.js';
export type * from './messages/status.js';
export {
  type Message,
  type MessageOf,
  type MessageType,
  mayCarry,
  openingTypes,
  registry,
  specOfCode,
} from './registry.js';
export {
  checkRun,
  encodeRun,
  RUN_HEADER_BYTES,
  type RunHeader,
  type RunMessage,
  RunReader,
  readRunHeader,
  runMessageBytes,
} from './run.js';
export { RUN_MESSAGE_OVERHEAD_BYTES, writeRunHeader, writeRunMessage } from './run-writer.js';
export { encodeStateRow, encodeStateValue, readStateItems, type StateItem } from './state-items.js';
export { type RowContext, type SeatState, type ServerRow, seatState, takesOf, upRow } from './status-row.js';
export type {
  Ballot,
  Incarnation,
  Member,
  MemberAddress,
  Seat,
  SeatAddress,
  ServerId,
  SessionId,
  Slot,
} from './types.js';
