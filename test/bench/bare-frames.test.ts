/** The bare pipeline's frames are as long as synod's, and come whole out of chunks cut anywhere. */
import t from 'tap';
import {
  acceptedBytes,
  acceptHeaderBytes,
  ackBytes,
  FrameReader,
  headerBytes,
  itemHeaderBytes,
  Kind,
  kindOf,
  lineBytesOver,
  newFrame,
  numberOf,
  runHeaderBytes,
  setNumber,
} from '../../bench/bare/frames.js';
import { encode, encodeEntry, encodeRun, type RunMessage, runItem } from '../../src/wire/index.js';

const sizeBytes = 100;
const ballot = { round: 1, server: 1, incarnation: 1 };
const session = { slot: 1, index: 0 };

function runOf(lines: number): Buffer {
  const line: RunMessage = { kind: 'post', room: '#bench', text: 'x'.repeat(sizeBytes) };
  const header = { session, nonce: new Uint8Array(16), firstSeq: 1, answeredBelow: 1 };
  return encodeRun(
    header,
    Array.from({ length: lines }, () => line),
  );
}

t.test('frames are as long as those of synod for the same lines', async (t) => {
  for (const lines of [1, 256]) {
    const run = runOf(lines);
    const bare = runHeaderBytes + lines * (lineBytesOver + sizeBytes);
    t.equal(run.length, bare, `a run of ${lines}`);
    t.equal(newFrame(Kind.submit, bare).length, encode({ type: 'submit', run }).length, `a submit of ${lines}`);
    const ack = encode({ type: 'ack', session, firstSeq: 1, slot: 1, outcomes: [{ code: 'ok', count: lines, n: 1 }] });
    t.equal(newFrame(Kind.ack, ackBytes).length, ack.length, `an ack of ${lines}`);
    const value = encodeEntry({ elapsedMs: 0, wallMs: 0 }, [runItem(run)]);
    const accept = encode({ type: 'accept', ballot, slot: 1, value });
    t.equal(newFrame(Kind.accept, acceptHeaderBytes + itemHeaderBytes + bare).length, accept.length, 'an accept');
  }
  const accepted = encode({ type: 'accepted', ballot, incarnation: 1, slot: 1, count: 1 });
  t.equal(newFrame(Kind.accepted, acceptedBytes).length, accepted.length, 'an accepted');
});

t.test('frames come out whole wherever the chunks are cut', async (t) => {
  const frames = [1, 2, 3].map((number) => {
    const frame = newFrame(Kind.submit, 4 + number).fill(number, headerBytes);
    setNumber(frame, number);
    return frame;
  });
  const bytes = Buffer.concat(frames);
  for (let cut = 0; cut <= bytes.length; cut++) {
    for (const second of [cut, Math.min(bytes.length, cut + 1), bytes.length]) {
      const reader = new FrameReader();
      const got: Buffer[] = [];
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut, second), bytes.subarray(second)]) {
        if (chunk.length > 0) reader.push(chunk, (frame) => got.push(frame));
      }
      const isWhole = got.length === 3 && got.every((frame, i) => frame.equals(frames[i] ?? Buffer.alloc(0)));
      if (!isWhole) t.fail(`cut at ${cut} and ${second}: ${got.length} frames`);
    }
  }
  t.equal(kindOf(frames[0] ?? Buffer.alloc(0)), Kind.submit);
  t.equal(numberOf(frames[2] ?? Buffer.alloc(0)), 3);
});
