/** What servers do with what others sent: the state machine with values, checkpoint rows, the replica with frames. */
import { limits, type Prng } from '../../../src/base/index.js';
import { ChatState, checkSubmit, DamagedRow, HistoryError, type Row } from '../../../src/chat/index.js';
import type { PaxosMessage } from '../../../src/paxos/index.js';
import {
  decode,
  encode,
  encodeEntry,
  FrameSplitter,
  type MessageType,
  openingTypes,
  ProtocolError,
  registry,
  runItem,
} from '../../../src/wire/index.js';
import { Lone } from '../../paxos/lone.js';
import { mutate } from '../mutate.js';
import { demand, type Target } from '../target.js';
import { firstSession, lawfulItems, lawfulRun, registerFirst } from './lawful.js';
import { entries, recordedFrames, sealed } from './wire.js';

const stamp = { elapsedMs: 3, wallMs: 1_700_000_000_000 };
const firstValue = encodeEntry(stamp, [registerFirst()]);

/** Two servers get the value; both must come out alike, and go on. */
export const apply: Target = {
  name: 'apply',
  about: 'ChatState.apply of any value, on two servers; then a lawful one',
  seeds: () => [
    encodeEntry(stamp, lawfulItems()),
    ...lawfulItems().map((item) => encodeEntry(stamp, [item])),
    encodeEntry(stamp, [runItem(lawfulRun(40))]),
  ],
  ...(entries.make === undefined ? {} : { make: entries.make }),
  read: (input) => {
    const [one, other] = [new ChatState({ wanted: () => true }), new ChatState()];
    for (const state of [one, other]) state.apply(1, firstValue);
    const applied = one.apply(2, input);
    other.apply(2, Buffer.from(input));
    demand(Buffer.from(one.hash).equals(other.hash), 'two servers differ');
    const seq = (one.session(firstSession)?.lastSeq ?? 0) + 1;
    const next = one.apply(3, encodeEntry(stamp, [runItem(lawfulRun(1, Math.min(seq, 2 ** 53 - 2)))]));
    demand(next.skippedItems === 0, 'the next lawful value is skipped');
    for (const { messages } of applied.groups.map(({ group }) => ({ messages: group.events }))) {
      demand(messages.length > 0, 'a group without events');
    }
    for (const { room, group } of applied.groups) encode({ type: 'deliver', room, group });
    const refusals = new Set(applied.answers.flatMap(({ outcomes }) => outcomes.map(({ code }) => code)));
    const { registrations, attachments, skippedItems } = applied;
    const codes = [...registrations, ...attachments].map(({ code }) => code);
    return `skipped ${skippedItems} ${[...refusals].sort().join(' ')} ${codes.slice(0, 2).join(' ')}`;
  },
};

export const submits: Target = {
  name: 'submits',
  about: 'checkSubmit, what a server asks of a run that decode took',
  seeds: () => [lawfulRun(1), lawfulRun(7), lawfulRun(60)],
  read: (input) => {
    try {
      decode(
        sealed(
          Buffer.concat([Buffer.alloc(8), Buffer.from([1, registry.submit.code, 0, 0]), lengthOf(input), input]),
        ).subarray(8),
      );
    } catch (error) {
      if (error instanceof ProtocolError) return error.reason;
      throw error;
    }
    return (checkSubmit(input) ?? 'taken').replace(/\d+/g, 'N');
  },
};

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}

/** Rows of a checkpoint: [u8 key length, key, u16 value length, value]… */
export const rows: Target = {
  name: 'rows',
  about: 'checkpoint rows and history rows of the state machine',
  seeds: () => [packRows(checkpointRows())],
  make: (random, seed) => changedRow(random, seed),
  read: (input) => {
    const state = new ChatState({ wanted: () => true });
    const given = unpackRows(input);
    const inRange = ChatState.loadRanges.flatMap(({ from, to }) =>
      given.filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0),
    );
    try {
      state.load(inRange);
      return `loaded ${readHistory(state, given)}`;
    } catch (error) {
      if (error instanceof DamagedRow) return `damaged: ${error.message.replace(/\d+/g, 'N').slice(0, 60)}`;
      if (error instanceof HistoryError) return 'history refused';
      throw error;
    }
  },
};

function checkpointRows(): Row[] {
  const state = new ChatState();
  state.apply(1, firstValue);
  state.apply(2, encodeEntry(stamp, lawfulItems()));
  state.apply(3, encodeEntry(stamp, [runItem(lawfulRun(200, 8))]));
  return [...state.takeDirty().puts];
}

function readHistory(state: ChatState, given: readonly Row[]): string {
  const request = { direction: 'from', by: 'event', event: 1, limit: 100 } as const;
  const page = state.page('#lobby', request);
  if (page === undefined) return 'no room';
  for (let range = page.nextRange(); range !== undefined; range = page.nextRange()) {
    const { from, to, reverse, limit } = range;
    const found = given.filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0);
    if (reverse) found.reverse();
    page.addRows(found.slice(0, limit));
  }
  return `${page.slots().length > 0 ? 'with' : 'without'} history`;
}

function packRows(all: readonly Row[]): Buffer {
  return Buffer.concat(
    all.flatMap(({ key, value }) => {
      const valueLength = Buffer.alloc(2);
      valueLength.writeUInt16BE(value.length);
      return [Buffer.from([key.length]), Buffer.from(key), valueLength, Buffer.from(value)];
    }),
  );
}

function unpackRows(bytes: Buffer): Row[] {
  const found: Row[] = [];
  for (let at = 0; at < bytes.length; ) {
    const keyEnd = at + 1 + (bytes[at] as number);
    if (keyEnd + 2 > bytes.length) break;
    const valueEnd = keyEnd + 2 + bytes.readUInt16BE(keyEnd);
    if (valueEnd > bytes.length) break;
    found.push({ key: bytes.subarray(at + 1, keyEnd), value: bytes.subarray(keyEnd + 2, valueEnd) });
    at = valueEnd;
  }
  return found.sort((a, b) => Buffer.compare(a.key, b.key));
}

function changedRow(random: Prng, seed: Buffer): Buffer {
  const all = unpackRows(seed);
  if (all.length === 0) return packRows(checkpointRows());
  const at = random.below(all.length);
  const { key, value } = all[at] as Row;
  const material = { pool: [Buffer.from(random.pick(all).value)], words: [] };
  const changed = mutate(random, Buffer.from(value), material).subarray(0, 0xffff);
  return packRows(all.map((row, place) => (place === at ? { key, value: changed } : row)));
}

/** As a peer would have to be to send it; what a replica can't tell from the truth is left out. */
export const replica: Target = {
  name: 'replica',
  about: 'frames of peers to one live replica, its invariants on; then it must be able to lead',
  seeds: () => peerFrames(),
  make: (random, seed) => {
    const all = peerFrames();
    const some = Array.from({ length: random.between(1, 6) }, () => changedFrame(random, random.pick(all)));
    return Buffer.concat(random.chance(1, 2) ? [seed, ...some] : some);
  },
  read: (input) => {
    const lone = new Lone();
    if (((input[8] ?? 0) + input.length) % 3 === 0) lone.lead();
    let taken = 0;
    let refused = 0;
    for (const message of peerMessages(input)) {
      const before = lone.replica.view.commit;
      lone.receive(2 + ((taken + refused) & 1), message);
      if (lone.replica.view.commit === before) refused++;
      else taken++;
      if ((taken & 3) === 0) lone.pass(20);
    }
    lone.pass(200);
    for (const { message } of lone.sent) encode(message);
    const { role, leader } = lone.replica.view;
    demand(lone.sent.length < 20_000, `${lone.sent.length} frames sent`);
    return `${role} ${leader === 0 ? 'alone' : 'led'} ${taken > 0 ? 'commits' : ''}`;
  },
};

const peerTypes = new Set<string>(
  Object.values(registry)
    .filter(({ from, to }) => from.includes('server') && to.includes('server'))
    .map(({ type }) => type),
);

function peerFrames(): Buffer[] {
  const all = recordedFrames().filter((frame) => peerTypes.has(decode(frame.subarray(8)).type));
  return all.filter((frame) => frame.length < 1_000);
}

function changedFrame(random: Prng, frame: Buffer): Buffer {
  const body = mutate(random, frame.subarray(12), { pool: [frame.subarray(12)], words: [] });
  return sealed(Buffer.concat([frame.subarray(0, 12), random.chance(1, 4) ? frame.subarray(12) : body]));
}

/** All frames that can be read, up to the first that can't begin. */
function peerMessages(input: Buffer): PaxosMessage[] {
  const found: PaxosMessage[] = [];
  const splitter = new FrameSplitter(limits.frameBytesMaxServer);
  splitter.push(input);
  try {
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
      const message = readable(frame);
      if (message !== undefined) found.push(message);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return found;
}

function readable(frame: Uint8Array): PaxosMessage | undefined {
  try {
    const message = decode(frame);
    return isPaxos(message) ? message : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function isPaxos(message: { readonly type: string }): message is PaxosMessage {
  return (
    peerTypes.has(message.type) &&
    ![...openingTypes, 'ping', 'pong', 'refuse', 'goodbye'].includes(message.type as MessageType)
  );
}
