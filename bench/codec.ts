/** What the codec costs: `node dist/bench/codec.js` prints CPU nanoseconds per operation, median of several rounds. */
import {
  decode,
  EntryReader,
  encode,
  encodeEntry,
  encodeRun,
  FrameSplitter,
  type Message,
  type RunMessage,
  RunReader,
  runItem,
} from '../src/wire/index.js';

const ROUNDS = 9;
const ROUND_MS = 60;
const ballot = { round: 7, server: 2, incarnation: 2 ** 33 + 5 };
const session = { slot: 12, index: 3 };
const nonce = Buffer.alloc(16, 7);

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0;

/**
 * Prints the median CPU time (that of collecting garbage included, so that other programs do not count) of `work`,
 * which does `operations` things per call and handles `bytes`.
 */
function measure(name: string, operations: number, bytes: number, work: () => number): void {
  const until = (ms: number): number => {
    const start = process.cpuUsage();
    let calls = 0;
    let spentMs = 0;
    while (spentMs < ms) {
      for (let i = 0; i < 64; i++) sink += work();
      calls += 64;
      const { user, system } = process.cpuUsage(start);
      spentMs = (user + system) / 1000;
    }
    return (spentMs * 1e6) / calls;
  };
  until(200);
  const rounds = Array.from({ length: ROUNDS }, () => until(ROUND_MS)).sort((a, b) => a - b);
  const nsPerCall = rounds[ROUNDS >> 1] as number;
  const perOperation = (nsPerCall / operations).toFixed(nsPerCall / operations < 100 ? 1 : 0);
  const rate = bytes > 0 ? `${((bytes / nsPerCall) * 1000).toFixed(0)} MB/s` : '';
  console.log(`${name.padEnd(52)} ${perOperation.padStart(9)} ns ${rate.padStart(12)}`);
}

function post(text: string): RunMessage {
  return { kind: 'post', room: '#lobby', text };
}

function framesOf(message: Message, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => encode(message)));
}

const line = 'x'.repeat(100);
for (const count of [1, 64, 256]) {
  const messages = Array.from({ length: count }, () => post(line));
  const header = { session, nonce, firstSeq: 1000, answeredBelow: 900 };
  const run = encodeRun(header, messages);
  const frame = encode({ type: 'submit', run });
  const reader = new RunReader();
  console.log(`\nsubmit, ${count} messages of 100 B, ns per message`);
  measure(
    'encodeRun + encode',
    count,
    run.length,
    () => encode({ type: 'submit', run: encodeRun(header, messages) }).length,
  );
  measure('split + checksum + decode + checkRun', count, run.length, () => {
    const splitter = new FrameSplitter(1 << 20);
    splitter.push(frame);
    return decode(splitter.next() as Uint8Array).type.length;
  });
  measure('RunReader over all messages', count, run.length, () => {
    let sum = 0;
    reader.reset(run);
    while (reader.next()) sum += reader.textLength;
    return sum;
  });
  const entry = encodeEntry({ elapsedMs: 1, wallMs: 1 }, [runItem(run)]);
  const items = new EntryReader();
  measure('walk the entry: items and messages', count, run.length, () => {
    let sum = 0;
    items.resetEntry(entry);
    while (items.next()) {
      reader.reset(entry, items.offset, items.end);
      while (reader.next()) sum += reader.textLength;
    }
    return sum;
  });
}

console.log('\naccept of 100 KB, ns per frame');
const accept: Message = { type: 'accept', ballot, slot: 12, value: Buffer.alloc(100_000, 1) };
const acceptFrame = encode(accept);
measure('encode', 1, acceptFrame.length, () => encode(accept).length);
measure('split + checksum + decode, one chunk', 1, acceptFrame.length, () => {
  const splitter = new FrameSplitter(1 << 24);
  splitter.push(acceptFrame);
  return decode(splitter.next() as Uint8Array).type.length;
});
measure('the same in chunks of 64 KiB', 1, acceptFrame.length, () => {
  const splitter = new FrameSplitter(1 << 24);
  let given: Uint8Array | undefined;
  for (let at = 0; at < acceptFrame.length; at += 65_536) {
    splitter.push(acceptFrame.subarray(at, at + 65_536));
    given = splitter.next();
  }
  return decode(given as Uint8Array).type.length;
});

console.log('\nsmall frames, ns per frame');
const small: Message[] = [
  { type: 'accepted', ballot, incarnation: 5, slot: 12, count: 1 },
  { type: 'commit', ballot, upto: 12 },
  { type: 'ack', session, firstSeq: 1000, slot: 12, outcomes: [{ code: 'ok', count: 64, n: 1000 }] },
];
for (const message of small) {
  const stream = framesOf(message, 100);
  measure(`encode ${message.type}`, 1, 0, () => encode(message).length);
  measure(`split + checksum + decode ${message.type}, 100 a chunk`, 100, 0, () => {
    const splitter = new FrameSplitter(1 << 24);
    splitter.push(stream);
    let count = 0;
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) count += decode(frame).type.length;
    return count;
  });
}

console.log('\ndeliver of 64 posts of 100 B, ns per post');
const events = Array.from({ length: 64 }, (_, i) => ({
  kind: 'post' as const,
  from: 'Aaron',
  text: line,
  session,
  seq: i + 1,
}));
const deliver: Message = {
  type: 'deliver',
  room: '#lobby',
  group: { slot: 12, wallMs: 1, firstEvent: 1, firstN: 1, events },
};
const deliverFrame = encode(deliver);
measure('encode', 64, deliverFrame.length, () => encode(deliver).length);
measure('decode', 64, deliverFrame.length, () => decode(deliverFrame.subarray(8)).type.length);

if (sink < 0) console.log(sink);
