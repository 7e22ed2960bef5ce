/** Plain sockets to other systems: one question and its answer, and consumers that read into one shared buffer. */
import { connect, type Socket } from 'node:net';
import type { Subscriber } from './peer.js';

const host = '127.0.0.1';
const answerMs = 2_000;
const openMs = 10_000;
/** What one read may take in. One buffer serves all consumers: what they count, they don't keep. */
const readBytes = 256 * 1024;

/** Sends `question` and resolves to what has come when `isWhole` holds of it or the other side ends. */
export function askPort(port: number, question: string, isWhole: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port, host, noDelay: true });
    socket.setTimeout(answerMs, () => socket.destroy(new Error(`no answer from port ${port} to ${question.trim()}`)));
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(question));
    socket.on('data', (chunk) => {
      answer += String(chunk);
      if (isWhole(answer)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

/** Counts what comes on a plain socket. */
export interface Counter {
  readonly received: number;
  /** Whether all that is published from now on will come. */
  readonly isOpen: boolean;
  /** Sees each chunk once, in a buffer that is used again afterwards. */
  take(chunk: Buffer): void;
}

/** A consumer that only counts. */
export interface CountingOptions<Bytes extends string | Uint8Array> {
  readonly port: number;
  /** What is sent first. */
  readonly greeting: string | Uint8Array;
  /** `answer` writes to the other side. */
  counter(answer: (bytes: Bytes) => void): Counter;
  onReceived(): void;
}

const shared = Buffer.allocUnsafe(readBytes);

/** Resolves once the subscription is open. One that ends later is noticed by what it lacks. */
export function countingSubscriber<Bytes extends string | Uint8Array>(
  options: CountingOptions<Bytes>,
): Promise<Subscriber> {
  const { port, greeting, onReceived } = options;
  return new Promise((resolve, reject) => {
    const counter = options.counter((bytes) => void socket.write(bytes));
    const callback = (byteCount: number): boolean => {
      counter.take(shared.subarray(0, byteCount));
      onReceived();
      if (counter.isOpen) opened();
      return true;
    };
    const socket: Socket = connect({ port, host, noDelay: true, onread: { buffer: shared, callback } });
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(`no subscription at port ${port}: ${why}`));
    };
    const timer = setTimeout(() => fail(`not open within ${openMs} ms`), openMs);
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    const subscriber: Subscriber = {
      get received() {
        return counter.received;
      },
      close: async () => {
        socket.destroy();
        await closed;
      },
    };
    let opened = (): void => {
      opened = () => undefined;
      clearTimeout(timer);
      resolve(subscriber);
    };
    socket.on('error', (error) => fail(String(error)));
    socket.once('close', () => fail('the other side ended it'));
    socket.once('connect', () => socket.write(greeting));
  });
}
