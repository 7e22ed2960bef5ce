/** Every message type once: name to definition and code to definition, checked when this loads. */
import { assert } from '../base/index.js';
import type { MessageSpec, Party } from './message-spec.js';
import * as balancer from './messages/balancer.js';
import * as catchup from './messages/catchup.js';
import * as client from './messages/client.js';
import * as decisions from './messages/decisions.js';
import * as handshake from './messages/handshake.js';
import * as members from './messages/members.js';
import * as paxos from './messages/paxos.js';
import * as proof from './messages/proof.js';
import * as roomList from './messages/room-list.js';
import * as rooms from './messages/rooms.js';
import * as status from './messages/status.js';

/** Every message there is; a switch over `type` without a default ends in `unreachable`. */
export type Message =
  | handshake.Hello
  | handshake.Welcome
  | handshake.Refuse
  | handshake.Ping
  | handshake.Pong
  | handshake.Goodbye
  | proof.Challenge
  | proof.Proof
  | paxos.Prepare
  | paxos.PromiseReply
  | paxos.Accept
  | paxos.Accepted
  | paxos.Nack
  | paxos.Commit
  | paxos.Chosen
  | paxos.Heartbeat
  | paxos.HeartbeatReply
  | paxos.Forward
  | paxos.ForwardOk
  | paxos.Campaign
  | paxos.ReadIndex
  | paxos.ReadIndexOk
  | paxos.Serves
  | catchup.Learn
  | catchup.LearnReply
  | catchup.StateRequest
  | catchup.StateChunk
  | client.Register
  | client.Registered
  | client.Resume
  | client.Submit
  | client.Ack
  | client.Busy
  | client.Reject
  | client.Standing
  | rooms.Subscribe
  | rooms.Subscribed
  | rooms.Unsubscribe
  | rooms.DirectRooms
  | rooms.Deliver
  | rooms.History
  | rooms.Page
  | rooms.Kept
  | roomList.ListRooms
  | roomList.RoomList
  | status.StatusRequest
  | status.Status
  | status.VerifyRequest
  | status.VerifyReply
  | members.SeatsRequest
  | members.Seats
  | members.ReplaceServer
  | members.ReplaceAnswer
  | decisions.Decide
  | decisions.DecideAnswer
  | decisions.NamesRequest
  | decisions.Names
  | balancer.Join
  | balancer.Waiting
  | balancer.Sealed
  | balancer.Report
  | balancer.Route
  | balancer.Routed
  | balancer.MembersRequest
  | balancer.Members;

export type MessageType = Message['type'];
export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;

/** The definition of each type; the compiler refuses a table in which one is missing or stands under a wrong name. */
export const registry: { readonly [T in MessageType]: MessageSpec<MessageOf<T>> } = Object.freeze({
  hello: handshake.helloSpec,
  welcome: handshake.welcomeSpec,
  refuse: handshake.refuseSpec,
  ping: handshake.pingSpec,
  pong: handshake.pongSpec,
  goodbye: handshake.goodbyeSpec,
  challenge: proof.challengeSpec,
  proof: proof.proofSpec,
  prepare: paxos.prepareSpec,
  promise: paxos.promiseSpec,
  accept: paxos.acceptSpec,
  accepted: paxos.acceptedSpec,
  nack: paxos.nackSpec,
  commit: paxos.commitSpec,
  chosen: paxos.chosenSpec,
  heartbeat: paxos.heartbeatSpec,
  heartbeatReply: paxos.heartbeatReplySpec,
  forward: paxos.forwardSpec,
  forwardOk: paxos.forwardOkSpec,
  campaign: paxos.campaignSpec,
  readIndex: paxos.readIndexSpec,
  readIndexOk: paxos.readIndexOkSpec,
  serves: paxos.servesSpec,
  learn: catchup.learnSpec,
  learnReply: catchup.learnReplySpec,
  stateRequest: catchup.stateRequestSpec,
  stateChunk: catchup.stateChunkSpec,
  register: client.registerSpec,
  registered: client.registeredSpec,
  resume: client.resumeSpec,
  submit: client.submitSpec,
  ack: client.ackSpec,
  busy: client.busySpec,
  reject: client.rejectSpec,
  standing: client.standingSpec,
  subscribe: rooms.subscribeSpec,
  subscribed: rooms.subscribedSpec,
  unsubscribe: rooms.unsubscribeSpec,
  directRooms: rooms.directRoomsSpec,
  deliver: rooms.deliverSpec,
  history: rooms.historySpec,
  page: rooms.pageSpec,
  kept: rooms.keptSpec,
  listRooms: roomList.listRoomsSpec,
  roomList: roomList.roomListSpec,
  statusRequest: status.statusRequestSpec,
  status: status.statusSpec,
  verifyRequest: status.verifyRequestSpec,
  verifyReply: status.verifyReplySpec,
  seatsRequest: members.seatsRequestSpec,
  seats: members.seatsSpec,
  replaceServer: members.replaceServerSpec,
  replaceAnswer: members.replaceAnswerSpec,
  decide: decisions.decideSpec,
  decideAnswer: decisions.decideAnswerSpec,
  namesRequest: decisions.namesRequestSpec,
  names: decisions.namesSpec,
  join: balancer.joinSpec,
  waiting: balancer.waitingSpec,
  sealed: balancer.sealedSpec,
  report: balancer.reportSpec,
  route: balancer.routeSpec,
  routed: balancer.routedSpec,
  membersRequest: balancer.membersRequestSpec,
  members: balancer.membersSpec,
});

/** Codes of messages that once existed, by name: never to be given to another. */
const RETIRED_CODES: ReadonlyMap<number, string> = new Map();

const byCode = indexByCode(Object.values(registry) as unknown as readonly MessageSpec<Message>[]);

function indexByCode(specs: readonly MessageSpec<Message>[]): readonly (MessageSpec<Message> | undefined)[] {
  const index = new Array<MessageSpec<Message> | undefined>(256).fill(undefined);
  for (const spec of specs) {
    assert(Number.isInteger(spec.code) && spec.code >= 1 && spec.code <= 255, `code ${spec.code} of ${spec.type}`);
    assert(!RETIRED_CODES.has(spec.code), `code ${spec.code} of ${spec.type} was ${RETIRED_CODES.get(spec.code)}'s`);
    assert(index[spec.code] === undefined, `code ${spec.code} belongs to ${index[spec.code]?.type} and ${spec.type}`);
    index[spec.code] = spec;
  }
  for (const [type, spec] of Object.entries(registry)) assert(type === spec.type, `${spec.type} stands under ${type}`);
  return index;
}

/** The definition behind a frame's type byte, undefined if no message has it. */
export function specOfCode(code: number): MessageSpec<Message> | undefined {
  return byCode[code];
}

/** What opens a connection, in this order; behind welcome none of them has a meaning. */
export const openingTypes: readonly MessageType[] = ['hello', 'challenge', 'proof', 'welcome'];

/** May `from` send this type to `to`? What a connection may carry follows from its hello's role. */
export function mayCarry(type: MessageType, from: Party, to: Party): boolean {
  const spec = registry[type];
  return spec.from.includes(from) && spec.to.includes(to);
}
