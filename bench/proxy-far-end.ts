/** The process behind the proxy: listeners that echo, count or time frames, and tell the bench what they saw. */
import { createServer, type Socket } from 'node:net';
import { assert, readU32 } from '../src/base/index.js';
import { decode, FrameSplitter } from '../src/wire/index.js';
import { helloFrame, nowUs, welcomeFrame } from './proxy-frames.js';

/** What a listener does with what comes behind the hello. */
export type Purpose = 'echo' | 'count' | 'time';

/** Everything that the counting and the timing listener have got so far, and when this was read. */
export interface Totals {
  readonly frames: number;
  readonly bytes: number;
  readonly timedFrames: number;
  readonly atUs: number;
}

/** A frame at the timing listener: its slot, and when it was read. */
export type Arrival = readonly [slot: number, atUs: number];

/** What the bench asks, and what it is told. */
export interface Answers {
  readonly ports: Readonly<Record<Purpose, number>>;
  readonly totals: Totals;
  /** Since they were asked for last. To be asked for when all are there: the answer takes its time. */
  readonly arrivals: readonly Arrival[];
}

type OnChunk = (chunk: Buffer) => void;

const prefixBytes = 8;
const frameBytesMax = 16 << 20;
/** A thousand connections may come at once. */
const backlog = 4_096;

const totals = { frames: 0, bytes: 0 };
/** What arrived at the timing listener, in what makes no garbage meanwhile. */
const slots = new Float64Array(1 << 20);
const arrivedUs = new Float64Array(slots.length);
let timedFrames = 0;

const [echo, count, time] = await Promise.all([
  listen((socket) => (chunk) => socket.write(chunk)),
  listen(frameCounter),
  listen(frameTimer),
]);
process.on('message', (question: keyof Answers) => process.send?.(answer(question)));
process.once('disconnect', () => process.exit(0));

function answer(question: keyof Answers): Answers[keyof Answers] {
  if (question === 'ports') return { echo, count, time };
  if (question === 'totals') return { ...totals, timedFrames, atUs: nowUs() };
  const arrivals = Array.from({ length: timedFrames }, (_, i): Arrival => [slots[i] ?? 0, arrivedUs[i] ?? 0]);
  timedFrames = 0;
  return arrivals;
}

/** Counts frames by their length fields alone: the far end must not be what is measured. */
function frameCounter(): OnChunk {
  const start = Buffer.alloc(prefixBytes);
  let startBytes = 0;
  let leftBytes = 0;
  return (chunk) => {
    totals.bytes += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (leftBytes > 0) {
        const step = Math.min(leftBytes, chunk.length - at);
        leftBytes -= step;
        at += step;
        if (leftBytes === 0) totals.frames++;
      } else if (startBytes === 0 && chunk.length - at >= prefixBytes) {
        leftBytes = readU32(chunk, at) + prefixBytes;
      } else {
        start[startBytes++] = chunk[at++] as number;
        if (startBytes < prefixBytes) continue;
        startBytes = 0;
        leftBytes = readU32(start, 0);
      }
    }
  };
}

function frameTimer(): OnChunk {
  const splitter = new FrameSplitter(frameBytesMax);
  return (chunk) => {
    const atUs = nowUs();
    splitter.push(chunk);
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
      const message = decode(frame);
      assert(message.type === 'accept', `a frame that nobody sent: ${message.type}`);
      slots[timedFrames] = message.slot;
      arrivedUs[timedFrames++] = atUs;
    }
  };
}

/** A listener that welcomes its callers and then does with each connection's chunks what `begin` gives. */
function listen(begin: (socket: Socket) => OnChunk): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    let helloBytes = 0;
    const greet = (chunk: Buffer): void => {
      helloBytes += chunk.length;
      if (helloBytes < helloFrame.length) return;
      socket.off('data', greet);
      socket.on('data', begin(socket));
      socket.write(welcomeFrame);
    };
    socket.on('data', greet);
    // Whoever measured has seen enough and is gone.
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
      const address = server.address();
      assert(address !== null && typeof address === 'object', 'a TCP listener has an address');
      resolve(address.port);
    });
  });
}
