/**
 * What is left of the pages for an address that floods them: a probe is answered by its status alone, once a
 * connection. Whoever probes may share that address with the flood, and kills the daemon if it hears nothing. No HTTP
 * parser is in it, which would go through thousands of requests in one read.
 */
import type { Socket } from 'node:net';
import { limits } from '../../base/index.js';

/** A request as probes send it: the line, the headers, no body, all in one read. */
const requestBytesMax = 1024;
/** Strangers choose what these are tried on: no two parts of either may take the same characters side by side. */
const requestLine = /^(?:GET|HEAD) ([^ ?\r\n]+)(?:\?[^ \r\n]*)? HTTP\/1\.[01]\r\n/;
const hostHeader = /\r\nhost:([^\r\n]*)\r\n/i;

export interface Probe {
  readonly path: string;
  /** Of the Host header; undefined if there is none. */
  readonly host: string | undefined;
}

/** Who decides what a probe is told. */
export interface Doorkeeper {
  /** Whether there is a probe at this path: nothing else is looked at further. */
  readonly isProbed: (path: string) => boolean;
  /** The status for a probe; undefined: none. Never rejects. */
  readonly judge: (probe: Probe) => Promise<number | undefined>;
}

/** Reads one request of `socket`, answers with the status that `keeper` has for it, else with nothing, and ends it. */
export function serveOneProbe(socket: Socket, keeper: Doorkeeper): void {
  const end = (): void => void socket.destroy();
  // Whoever resets the connection, or ends it without a word, wanted no answer.
  socket.on('error', end).on('end', end);
  socket.setTimeout(limits.httpRequestMs, end);
  socket.once('data', (chunk: Buffer) => {
    socket.pause();
    const probe = readProbe(chunk, keeper.isProbed);
    if (probe === undefined) return end();
    void keeper.judge(probe).then((status) => {
      if (status === undefined) end();
      else socket.end(`HTTP/1.1 ${status} \r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, end);
    });
  });
}

/** Undefined for what is no whole request, or none of a probe. */
export function readProbe(chunk: Buffer, isProbed: Doorkeeper['isProbed']): Probe | undefined {
  if (chunk.length > requestBytesMax) return undefined;
  const text = chunk.toString('latin1');
  const path = requestLine.exec(text)?.[1];
  if (path === undefined || !isProbed(path)) return undefined;
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return undefined;
  return { path, host: hostHeader.exec(text)?.[1]?.trim() };
}
