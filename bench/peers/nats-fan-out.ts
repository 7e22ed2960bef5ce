/** Fan-out by NATS core: through its npm client, and into plain sockets that count. */
import type { NatsConnection } from './nats-client.js';
import type { FanOut, Subscriber } from './peer.js';
import { type Counter, countingSubscriber } from './sockets.js';

const subject = 'fan';

/** All on the server at this port. */
export function natsFanOut(port: number, open: (port: number) => Promise<NatsConnection>): FanOut {
  return {
    kinds: ['library', 'sockets'],
    publisher: async () => {
      const connection = await open(port);
      return {
        publish: (value, count) => {
          for (let i = 0; i < count; i++) connection.publish(subject, value);
        },
        close: () => connection.close(),
      };
    },
    subscriber: async (kind, valueBytes, onReceived) =>
      kind === 'sockets'
        ? await countingSubscriber({
            port,
            greeting,
            counter: (answer: (text: string) => void) => new NatsCounter(valueBytes, answer),
            onReceived,
          })
        : await librarySubscriber(await open(port), onReceived),
  };
}

async function librarySubscriber(connection: NatsConnection, onReceived: () => void): Promise<Subscriber> {
  let received = 0;
  connection.subscribe(subject, {
    callback: () => {
      received += 1;
      onReceived();
    },
  });
  await connection.flush();
  return {
    get received() {
      return received;
    },
    close: () => connection.close(),
  };
}

const greeting =
  'CONNECT {"verbose":false,"pedantic":false,"lang":"count","version":"1.0.0","protocol":0}\r\n' +
  `SUB ${subject} 1\r\nPING\r\n`;
const pong = Buffer.from('PONG\r\n');
const ping = Buffer.from('PING\r\n');

/**
 * Counts the messages of one subscription without looking at them: each is of the same length. Everything up to the
 * answer to our own ping is greeting. The server's pings are answered; it sends one in the first seconds and then, as
 * we set it up, none for ten minutes, so that its six bytes never make a message.
 */
export class NatsCounter implements Counter {
  readonly #messageBytes: number;
  readonly #answer: (text: string) => void;
  #bytes = 0;
  #greeting: Buffer | undefined = Buffer.alloc(0);

  constructor(valueBytes: number, answer: (text: string) => void) {
    this.#messageBytes = `MSG ${subject} 1 ${valueBytes}\r\n`.length + valueBytes + 2;
    this.#answer = answer;
  }

  get isOpen(): boolean {
    return this.#greeting === undefined;
  }

  get received(): number {
    return Math.floor(this.#bytes / this.#messageBytes);
  }

  take(chunk: Buffer): void {
    if (this.#greeting === undefined) this.#count(chunk);
    else this.#greet(Buffer.concat([this.#greeting, chunk]));
  }

  #greet(all: Buffer): void {
    const at = all.indexOf(pong);
    if (at === -1) {
      this.#greeting = all;
      return;
    }
    this.#greeting = undefined;
    this.#count(all.subarray(at + pong.length));
  }

  #count(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (chunk.length < ping.length || !chunk.subarray(-ping.length).equals(ping)) return;
    this.#bytes -= ping.length;
    this.#answer('PONG\r\n');
  }
}
