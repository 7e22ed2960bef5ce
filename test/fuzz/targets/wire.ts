/** The wire: streams of frames, each message by itself, runs, entries and batches. */
import { readdirSync, readFileSync } from 'node:fs';
import { crc32, limits, type Prng } from '../../../src/base/index.js';
import {
  checkBatch,
  checkEntry,
  checkRun,
  decode,
  describe,
  EntryReader,
  encode,
  encodeEntry,
  encodeRun,
  encodeStateRow,
  encodeStateValue,
  eventKinds,
  FRAME_HEADER_BYTES,
  FrameSplitter,
  ITEM_ATTACH,
  ITEM_DECISION,
  ITEM_DETACH,
  ITEM_MEMBERS,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  type MessageType,
  ProtocolError,
  type RunMessage,
  RunReader,
  readAttach,
  readDecision,
  readDetach,
  readEntryHeader,
  readMembers,
  readRegister,
  readRunHeader,
  readStateItems,
  readTouch,
  registry,
} from '../../../src/wire/index.js';
import { mutate } from '../mutate.js';
import { demand, type Target } from '../target.js';
import { lawfulItems, lawfulRun } from './lawful.js';

/** One frame of every kind, as recorded from the tables of PROTOCOL.md; long ones are left to their own tests. */
export function recordedFrames(): Buffer[] {
  const folder = 'test/wire/vectors';
  const frames = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as { readonly frame: string }[])
    .map(({ frame }) => Buffer.from(frame, 'hex'));
  return frames.filter(({ length }) => length < 4_000);
}

/** Runs a reader; its refusal is an answer, any other error a finding. */
function refusalOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason;
    throw error;
  }
}

/** The whole frames of a stream, one after the other; what is behind them is left out. */
export function framesOf(stream: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 12 <= stream.length; ) {
    const end = at + 8 + stream.readUInt32BE(at);
    if (end > stream.length) break;
    found.push(stream.subarray(at, end));
    at = end;
  }
  return found;
}

/** The frame with its length and checksum made right, so that what is inside is reached. */
export function sealed(frame: Buffer): Buffer {
  if (frame.length < FRAME_HEADER_BYTES) return frame;
  frame.writeUInt32BE(frame.length - 8, 0);
  frame.writeUInt32BE(crc32(frame.subarray(8)), 4);
  return frame;
}

/** Bytes as they come from a socket: whole, and in pieces, which must make no difference. */
export const frames: Target = {
  name: 'frames',
  about: 'FrameSplitter and decode on a stream, whole and in pieces',
  seeds: () => [...recordedFrames(), Buffer.concat(recordedFrames().slice(0, 8))],
  words: [Buffer.from([0, 0, 0, 4]), Buffer.from([0x7f, 0xff, 0xff, 0xff]), encode({ type: 'ping', token: 1 })],
  make: (random, seed) => {
    const changed = sealed(mutate(random, seed, { pool: [seed], words: [] }));
    return random.chance(1, 2) ? changed : Buffer.concat([seed, changed, encode({ type: 'ping', token: 7 })]);
  },
  read: (input) => {
    const whole = readStream(input, input.length);
    const pieceBytes = 1 + ((input[input.length >> 1] ?? 0) % 13);
    const inPieces = readStream(Buffer.from(input), pieceBytes);
    demand(whole === inPieces, `whole: ${whole}; in pieces of ${pieceBytes}: ${inPieces}`);
    return whole.slice(whole.lastIndexOf(' ') + 1);
  },
};

function readStream(input: Buffer, pieceBytes: number): string {
  const splitter = new FrameSplitter(limits.frameBytesMaxClient);
  const types: string[] = [];
  const ending = refusalOf(() => {
    for (let at = 0; at < input.length; at += pieceBytes) {
      splitter.push(input.subarray(at, at + pieceBytes));
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) types.push(decode(frame).type);
      demand(splitter.bufferedBytes <= input.length, 'more is kept than came');
    }
    return splitter.midFrame ? 'waiting' : 'taken';
  });
  return `${types.slice(-2).join(' ')} ${ending}`;
}

/** Each message's body, behind a right header: only decode judges. */
export const messages: Target = {
  name: 'messages',
  about: 'decode, describe and encode of every message, checksums right',
  seeds: recordedFrames,
  make: (random, seed) => {
    const body = mutate(random, seed.subarray(FRAME_HEADER_BYTES), {
      pool: [seed.subarray(FRAME_HEADER_BYTES)],
      words: [],
    });
    const header = Buffer.from(seed.subarray(0, FRAME_HEADER_BYTES));
    if (header.length === FRAME_HEADER_BYTES && random.chance(1, 20)) {
      header[9] = registry[random.pick(Object.keys(registry)) as MessageType].code;
    }
    return sealed(Buffer.concat([header, body]));
  },
  read: (input) =>
    refusalOf(() => {
      const frame = sealed(input);
      const message = decode(frame.subarray(8));
      describe(message);
      const again = encode(message);
      if (!again.equals(frame)) {
        // Spans and long farewells have several spellings: ours must then be the last word.
        demand(encode(decode(again.subarray(8))).equals(again), `${message.type} does not come back`);
      }
      return `${message.type} taken`;
    }),
};

const runReader = new RunReader();

export const runs: Target = {
  name: 'runs',
  about: 'checkRun, RunReader and readRunHeader, encoded again',
  seeds: () => [lawfulRun(1), lawfulRun(3), lawfulRun(40)],
  read: (input) =>
    refusalOf(() => {
      checkRun(input);
      const { count, ...header } = readRunHeader(input);
      const lines: RunMessage[] = [];
      for (runReader.reset(input); runReader.next(); ) {
        const { kind, roomOffset, roomLength, textOffset, textLength } = runReader;
        lines.push({
          kind: eventKinds.words[kind - 1] as RunMessage['kind'],
          room: input.toString('utf8', roomOffset, roomOffset + roomLength),
          text: input.toString('utf8', textOffset, textOffset + textLength),
        });
      }
      demand(lines.length === count, `${lines.length} lines where ${count} are said`);
      demand(encodeRun(header, lines).equals(input), 'a run that does not come back');
      return 'taken';
    }),
};

const items = new EntryReader();

/** What a value of the log holds, read as the state machine reads it. */
export const entries: Target = {
  name: 'entries',
  about: 'entries, batches and every item in them',
  seeds: () => [
    encodeEntry({ elapsedMs: 1, wallMs: 2 }, lawfulItems()),
    ...lawfulItems().map((item) => encodeEntry({ elapsedMs: 1, wallMs: 2 }, [item])),
  ],
  make: (random, seed) => withOneItem(random, seed),
  read: (input) => {
    const strict = refusalOf(() => {
      checkEntry(input);
      return 'taken';
    });
    const loose = refusalOf(() => walkItems(input));
    demand(strict !== 'taken' || !isRefusal(loose), `checkEntry takes what a reader refuses: ${loose}`);
    const batch = refusalOf(() => {
      checkBatch(input.subarray(13));
      return 'taken';
    });
    return `${strict} ${loose} ${batch}`;
  },
};

/** An item with a header that fits, around a body that was changed. */
function withOneItem(random: Prng, seed: Buffer): Buffer {
  const body = mutate(random, seed.subarray(18), { pool: [seed], words: [] });
  const kind = Buffer.from([random.chance(1, 4) ? random.between(1, 6) : (seed[13] ?? 1), 0, 0, 0, 0]);
  kind.writeUInt32BE(body.length, 1);
  return Buffer.concat([seed.subarray(0, 13), kind, body]);
}

const kinds = new Set<string>();

function walkItems(entry: Buffer): string {
  kinds.clear();
  if (readEntryHeader(entry).noop) return 'no-op';
  for (items.resetEntry(entry); items.next(); ) kinds.add(readItem(entry, items));
  return [...kinds].sort().join(',');
}

function readItem(bytes: Buffer, { kind, offset, length, end }: EntryReader): string {
  switch (kind) {
    case ITEM_RUN:
      for (runReader.reset(bytes, offset, end); runReader.next(); );
      return 'run';
    case ITEM_REGISTER:
      return readRegister(bytes, offset, length).name === '' ? 'register of no name' : 'register';
    case ITEM_TOUCH:
      return readTouch(bytes, offset, length).length > 0 ? 'touch' : 'touch of none';
    case ITEM_ATTACH:
      return readAttach(bytes, offset, length).nonce.length === 16 ? 'attach' : 'attach of no nonce';
    case ITEM_DETACH:
      return readDetach(bytes, offset, length).attachment >= 0 ? 'detach' : 'detach of none';
    case ITEM_MEMBERS:
      return `members ${readMembers(bytes, offset, length).seats.length % 2}`;
    case ITEM_DECISION:
      return readDecision(bytes, offset, length).verb;
    default:
      return `kind ${kind}`;
  }
}

/** A chunk of a peer's state, which comes in pieces of the same bytes. */
export const stateItems: Target = {
  name: 'state-items',
  about: 'rows and values in a chunk of transferred state, encoded again',
  seeds: () => [
    Buffer.concat([
      encodeStateRow(Buffer.from('ckey'), Buffer.from('value')),
      encodeStateValue(7, Buffer.alloc(20, 1)),
    ]),
    encodeStateRow(Buffer.alloc(0), Buffer.alloc(0)),
  ],
  read: (input) =>
    refusalOf(() => {
      const found = readStateItems(input);
      const again = found.map((item) =>
        item.kind === 'row' ? encodeStateRow(item.key, item.value) : encodeStateValue(item.slot, item.value),
      );
      demand(Buffer.concat(again).equals(input), 'items that do not come back');
      return `taken ${[...new Set(found.map(({ kind }) => kind))].sort().join(' ')}`;
    }),
};

function isRefusal(answer: string): boolean {
  return /^(too|checksum|version|unknown|reserved|truncated|left|outOf|count|utf8)/.test(answer);
}
