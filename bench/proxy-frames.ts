/** Frames of a wanted size, and connections that have been welcomed: what every part of the proxy's benchmark sends. */
import { connect, type Socket } from 'node:net';
import { encode } from '../src/wire/index.js';
import { ballot, helloOf, welcomeOf } from '../test/proxy/framed-pair.js';

/** The ends of the link on which everything is measured: the caller is server 1, the listener server 2. */
export const callerId = 1;
export const listenerId = 2;

/** What an accept takes beside its value. */
const overheadBytes = encode({ type: 'accept', ballot, slot: 1, value: new Uint8Array(0) }).length;

export const helloFrame = encode(helloOf('server', callerId));
export const welcomeFrame = encode(welcomeOf(listenerId));

/** Microseconds on the clock that all processes of one machine share (CLOCK_MONOTONIC). */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}

/** An accept of `frameBytes` in all. */
export function acceptFrame(slot: number, frameBytes: number): Buffer {
  return encode({ type: 'accept', ballot, slot, value: Buffer.alloc(frameBytes - overheadBytes, slot & 0xff) });
}

/** So many frames of `frameBytes`, one behind the other, for slot 1 onwards. */
export function frameBlock(frameBytes: number, frames: number): Buffer {
  return Buffer.concat(Array.from({ length: frames }, (_, i) => acceptFrame(i + 1, frameBytes)));
}

/** Connects, says hello and waits for the welcome; from then on the connection carries only what is measured. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let welcomeBytes = 0;
    const onData = (chunk: Buffer): void => {
      welcomeBytes += chunk.length;
      if (welcomeBytes < welcomeFrame.length) return;
      socket.off('data', onData);
      socket.off('error', reject);
      resolve(socket);
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.once('connect', () => socket.write(helloFrame));
  });
}
