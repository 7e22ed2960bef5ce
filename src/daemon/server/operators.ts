/** What a server tells about itself: its status, and the hash of its state for `verify`. */
import type { ChatState } from '../../chat/index.js';
import type { Message, Status, StatusRequest, VerifyReply, VerifyRequest } from '../../wire/index.js';
import type { Driver } from './driver.js';
import type { Membership, Self } from './hello.js';

export interface OperatorParts {
  readonly self: Self;
  readonly membership: Membership;
  readonly driver: Pick<Driver, 'view' | 'hashes'>;
  readonly chat: Pick<ChatState, 'applied'>;
  readonly clients: () => number;
  readonly addressOf: (id: number) => string;
  /** The mode that this server was started with, "" for none. */
  readonly faults: string;
  /** What an operator should know besides, "" if all is well. */
  readonly note: () => string;
}

/** The answer to an operator's question, undefined for what is none. */
export function answerOperator(message: Message, parts: OperatorParts): Message | undefined {
  switch (message.type) {
    case 'statusRequest':
      return status(message, parts);
    case 'verifyRequest':
      return verify(message, parts);
    default:
      return undefined;
  }
}

function status({ request }: StatusRequest, parts: OperatorParts): Status {
  const { self, membership, driver, chat } = parts;
  const { role, leader, ballot, commit, happy, heard } = driver.view;
  return {
    type: 'status',
    request,
    serverId: self.id,
    clusterId: membership.clusterId,
    role,
    leader,
    ballot,
    committed: commit,
    applied: chat.applied,
    clients: parts.clients(),
    happy,
    http: '',
    faults: parts.faults,
    note: parts.note(),
    members: membership.members.map(({ id }) => ({
      id,
      address: parts.addressOf(id),
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
