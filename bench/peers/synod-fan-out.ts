/** Fan-out by synod: one room of one server, read through the client library, and by plain sockets that count. */
import { randomBytes } from 'node:crypto';
import { readU16, readU32, readU64 } from '../../src/base/index.js';
import { ChatClient } from '../../src/client/index.js';
import { encode, FRAME_HEADER_BYTES, type Hello, registry, type Subscribe } from '../../src/wire/index.js';
import { within } from '../../test/support/until.js';
import type { FanOut, Publisher, Subscriber } from './peer.js';
import { type Counter, countingSubscriber } from './sockets.js';
import { openClient } from './synod-client.js';

const room = '#fan';
/** Its first line goes elsewhere: the room begins with what is measured. */
const otherRoom = '#elsewhere';
const author = 'fan-publisher';
/** The publisher is never further ahead than this. */
const window = 4_096;
/** One for all publishers, as they all write under one name. */
const token = randomBytes(32);
const openMs = 20_000;

/** All on the server at this address, `host:port`. */
export function synodFanOut(server: string): FanOut {
  return {
    kinds: ['library', 'groups', 'sockets'],
    publisher: () => publisher(server),
    subscriber: (kind, valueBytes, onReceived) =>
      kind === 'sockets'
        ? countingSubscriber({
            port: Number(server.split(':').at(-1)),
            greeting: Buffer.concat([encode(stranger), encode(subscription)]),
            counter: (answer: (frame: Buffer) => void) => new SynodCounter(valueBytes, answer),
            onReceived,
          })
        : librarySubscriber(server, kind, onReceived),
  };
}

async function publisher(server: string): Promise<Publisher> {
  const client = await openClient({ name: author, token, window, server }, otherRoom);
  return {
    publish: (value, count) => {
      // A line that is refused is missing at the subscribers, who are counted.
      for (let i = 0; i < count; i++) client.post(room, value);
    },
    close: () => client.close(),
  };
}

async function librarySubscriber(
  server: string,
  kind: 'library' | 'groups',
  onReceived: () => void,
): Promise<Subscriber> {
  const client = new ChatClient({ token: randomBytes(32), server });
  let received = 0;
  if (kind === 'library') {
    client.on('message', () => {
      received += 1;
      onReceived();
    });
  } else {
    client.on('group', ({ group, skip }) => {
      received += group.events.length - skip;
      onReceived();
    });
  }
  const connected = new Promise<void>((resolve) => {
    client.on('connected', () => resolve());
  });
  client.subscribe(room, 'now');
  client.connect();
  // It is told once the subscription is open.
  await within('a subscription', openMs, connected);
  return {
    get received() {
      return received;
    },
    close: () => client.close(),
  };
}

/** u16 length and the room's name, before the group. */
const groupAt = FRAME_HEADER_BYTES + 2 + room.length;
/** Slot, time, first event and first post, before the number of spans. */
const spansAt = groupAt + 4 * 8;
/** The longest beginning of a frame that is looked at. */
const headBytes = spansAt + 2;
/** Session, first seq, the author's name and a count. */
const spanBytes = 12 + 8 + 2 + author.length + 2;
/** Kind and length. */
const eventHeadBytes = 1 + 2;

/**
 * Counts messages from the lengths of the frames that bring them: all texts have one length, and one author writes.
 * The messages themselves are skipped. Answers the server's pings.
 */
export class SynodCounter implements Counter {
  readonly #eventBytes: number;
  readonly #answer: (frame: Buffer) => void;
  readonly #head = Buffer.alloc(headBytes);
  #headFilled = 0;
  /** Bytes of the present frame behind its head that are still to come. */
  #skip = 0;
  received = 0;
  isOpen = false;

  constructor(valueBytes: number, answer: (frame: Buffer) => void) {
    this.#eventBytes = eventHeadBytes + valueBytes;
    this.#answer = answer;
  }

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const wanted = this.#wanted();
      const taken = Math.min(wanted - this.#headFilled, chunk.length - at);
      chunk.copy(this.#head, this.#headFilled, at, at + taken);
      this.#headFilled += taken;
      at += taken;
      if (this.#headFilled === wanted && this.#headFilled === this.#wanted()) this.#judge();
    }
  }

  /** How much of the frame that has begun is its head: the whole frame, if it is short. */
  #wanted(): number {
    if (this.#headFilled < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES;
    return Math.min(headBytes, this.#frameBytes());
  }

  /** The length counts what stands behind itself and the checksum. */
  #frameBytes(): number {
    return 8 + readU32(this.#head, 0);
  }

  #judge(): void {
    const frameBytes = this.#frameBytes();
    this.#skip = frameBytes - this.#headFilled;
    this.#headFilled = 0;
    const code = this.#head[9];
    if (code === registry.deliver.code) {
      const spans = readU16(this.#head, spansAt);
      this.received += (frameBytes - headBytes - spans * spanBytes) / this.#eventBytes;
    } else if (code === registry.subscribed.code) this.isOpen = true;
    else if (code === registry.ping.code) {
      this.#answer(encode({ type: 'pong', token: readU64(this.#head, FRAME_HEADER_BYTES) }));
    }
  }
}

const noId = new Uint8Array(16);
/** Somebody without a name, who may only read. */
const stranger: Hello = {
  type: 'hello',
  role: 'client',
  versionMin: 1,
  versionMax: 1,
  features: 0,
  clusterId: noId,
  membershipHash: noId,
  epoch: 0,
  serverId: 0,
  incarnation: 0,
  birthId: noId,
  authMethod: 'none',
  auth: new Uint8Array(0),
  address: '',
};

const subscription: Subscribe = { type: 'subscribe', request: 1, room, fromEvent: 0, lastPosts: 0 };
