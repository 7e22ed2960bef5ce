/** What a server tells about itself and its names: its status, its members, the hash of its state for `verify`. */
import { limits } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import type {
  MembersItem,
  Message,
  Names,
  NamesRequest,
  ReplaceAnswer,
  ReplaceServer,
  Seats,
  Status,
  StatusRequest,
  VerifyReply,
  VerifyRequest,
} from '../../wire/index.js';
import { invitation } from './admission.js';
import type { Driver } from './driver.js';
import type { Self } from './hello.js';

export interface OperatorParts {
  readonly self: Self;
  readonly clusterId: Uint8Array;
  readonly seats: (request: number) => Seats;
  /** The newest members decided on govern already. */
  readonly governing: () => boolean;
  /** Logs a change of the members. */
  readonly propose: (item: MembersItem) => void;
  readonly driver: Pick<Driver, 'view' | 'hashes'>;
  readonly chat: Pick<ChatState, 'applied' | 'names'>;
  readonly clients: () => number;
  /** Where the HTTP pages are, "" for none. */
  readonly http: string;
  /** The mode that this server was started with, "" for none. */
  readonly faults: string;
  /** What an operator should know besides, "" if all is well. */
  readonly note: () => string;
}

/** The answer to an operator's question, undefined for what is none. */
export function answerOperator(message: Message, parts: OperatorParts): Message | undefined {
  switch (message.type) {
    case 'statusRequest':
      return statusOf(message, parts);
    case 'verifyRequest':
      return verify(message, parts);
    case 'seatsRequest':
      return parts.seats(message.request);
    case 'replaceServer':
      return replace(message, parts);
    case 'namesRequest':
      return names(message, parts);
    default:
      return undefined;
  }
}

/** Any server can take the wish: the log decides, and a change that another one overtook has no effect. */
function replace({ request, replaced, invited }: ReplaceServer, parts: OperatorParts): ReplaceAnswer {
  const answer = (outcome: ReplaceAnswer['outcome'], text: string): ReplaceAnswer => ({
    type: 'replaceAnswer',
    request,
    outcome,
    text,
  });
  const found = invitation(parts.seats(request), replaced, invited);
  if ('refused' in found) return answer('refused', found.refused);
  if ('done' in found) return answer('taken', found.done);
  if (!parts.governing()) return answer('later', 'another change of the members is under way: try again in a moment');
  if (!parts.driver.view.happy) return answer('later', 'no leader is known here now: try again in a moment');
  parts.propose(found.item);
  return answer('taken', '');
}

/** How this server stands. */
export function statusOf({ request }: Pick<StatusRequest, 'request'>, parts: OperatorParts): Status {
  const { self, clusterId, driver, chat } = parts;
  const { role, leader, ballot, commit, happy, heard } = driver.view;
  return {
    type: 'status',
    request,
    serverId: self.id,
    clusterId,
    role,
    leader,
    ballot,
    committed: commit,
    applied: chat.applied,
    clients: parts.clients(),
    happy,
    http: parts.http,
    faults: parts.faults,
    note: parts.note(),
    members: parts.seats(request).seats.map(({ id, address }) => ({
      id,
      address,
      heard: id === self.id || heard.includes(id),
    })),
  };
}

/** 0 asks at the applied slot. */
function verify({ request, slot }: VerifyRequest, { driver, chat }: OperatorParts): VerifyReply {
  const asked = slot === 0 ? chat.applied : slot;
  const hash = driver.hashes.at(asked);
  return {
    type: 'verifyReply',
    request,
    slot: hash === undefined ? 0 : asked,
    hash: hash ?? new Uint8Array(8),
    applied: chat.applied,
    nearest: driver.hashes.nearest(Math.min(asked, chat.applied)),
  };
}

function names({ request, blocked, after }: NamesRequest, { chat }: OperatorParts): Names {
  const found = chat.names(after, blocked, limits.namesPerAnswer + 1);
  const more = found.length > limits.namesPerAnswer;
  return { type: 'names', request, more, names: found.slice(0, limits.namesPerAnswer) };
}
