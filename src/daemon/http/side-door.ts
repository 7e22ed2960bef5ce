/**
 * What is left of the pages for an address that floods them: a probe is answered, once a connection. Whoever probes may
 * share that address with the flood, and kills the daemon if it hears nothing. No HTTP parser is in it, which would go
 * through thousands of requests in one read.
 */
import type { Socket } from 'node:net';
import { limits } from '../../base/index.js';
import type { Answer } from './page.js';

/** A request as probes send it: the line, the headers, no body, all in one read. */
const requestBytesMax = 1024;
/** Strangers choose what these are tried on: no two parts of either may take the same characters side by side. */
const requestLine = /^(GET|HEAD) ([^ ?\r\n]+)(?:\?[^ \r\n]*)? HTTP\/1\.[01]\r\n/;
const hostHeader = /\r\nhost:([^\r\n]*)\r\n/i;

export interface Probe {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  /** Of the Host header; undefined if there is none. */
  readonly host: string | undefined;
}

/** Who decides what a probe is told. */
export interface Doorkeeper {
  /** Whether there is a probe at this path: nothing else is looked at further. */
  readonly isProbed: (path: string) => boolean;
  /** The answer to a probe; undefined: none. Never rejects. */
  readonly judge: (probe: Probe) => Promise<Answer | undefined>;
}

/** Reads one request of `socket`, answers with what `keeper` has for it, else with nothing, and ends it. */
export function serveOneProbe(socket: Socket, keeper: Doorkeeper): void {
  const end = (): void => void socket.destroy();
  // Whoever resets the connection, or ends it without a word, wanted no answer.
  socket.on('error', end).on('end', end);
  socket.setTimeout(limits.httpRequestMs, end);
  socket.once('data', (chunk: Buffer) => {
    socket.pause();
    const probe = readProbe(chunk, keeper.isProbed);
    if (probe === undefined) return end();
    void keeper.judge(probe).then((answer) => {
      if (answer === undefined) end();
      else socket.end(responseTo(probe, answer), end);
    });
  });
}

function responseTo({ method }: Probe, { status, contentType, text }: Answer): string {
  const lines = [
    `HTTP/1.1 ${status} `,
    'Connection: close',
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    '',
    method === 'HEAD' ? '' : text,
  ];
  return lines.join('\r\n');
}

/** Undefined for what is no whole request, or none of a probe. */
export function readProbe(chunk: Buffer, isProbed: Doorkeeper['isProbed']): Probe | undefined {
  if (chunk.length > requestBytesMax) return undefined;
  const text = chunk.toString('latin1');
  const [, method, path] = requestLine.exec(text) ?? [];
  if (path === undefined || !isProbed(path)) return undefined;
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return undefined;
  return { method: method === 'HEAD' ? 'HEAD' : 'GET', path, host: hostHeader.exec(text)?.[1]?.trim() };
}
