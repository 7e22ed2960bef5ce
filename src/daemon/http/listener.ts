/**
 * The HTTP listener of a daemon's pages: GET and HEAD only, few connections, short requests, small headers. It shares
 * the event loop with the log, so that a request must cost next to nothing, and none at all while nobody asks.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert, formatAddress, isLoopback, type Logger, limits, nodeClock } from '../../base/index.js';
import { bindError, openFilesMax } from '../../net/index.js';
import { isHostAllowed } from '../../proxy/index.js';
import { checkHttpAddress } from './address.js';
import { AddressSockets, addressOf } from './address-sockets.js';
import { Pace } from './pace.js';
import { type Answer, type Page, plainAnswer } from './page.js';
import { type Doorkeeper, type Probe, serveOneProbe } from './side-door.js';

export interface HttpOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  readonly pages: readonly Page[];
  readonly logger: Logger;
}

export interface HttpListener {
  /** `host:port` with the real port. */
  readonly address: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

/** How often Node looks for requests that take too long. */
const checkEveryMs = 500;
/** Of all descriptors at most one in so many: clients and the log need them more. */
const descriptorShare = 16;
/** Connections that are on their way out still count for Node. */
const leavingFactor = 2;

/** Listens. Rejects with an ExitError: 2 for what is no address, 3 for one that is taken or not ours. */
export async function startHttp(options: HttpOptions): Promise<HttpListener> {
  const { host, port } = checkHttpAddress(options.address);
  const { createServer } = await import('node:http');
  const server = createServer({
    requestTimeout: limits.httpRequestMs,
    headersTimeout: limits.httpRequestMs,
    keepAliveTimeout: limits.httpIdleMs,
    connectionsCheckingInterval: checkEveryMs,
    maxHeaderSize: limits.httpHeaderBytesMax,
  });
  const connectionsMax = Math.min(
    limits.httpConnectionsMax,
    Math.floor((openFilesMax() ?? Number.POSITIVE_INFINITY) / descriptorShare),
  );
  server.maxConnections = leavingFactor * connectionsMax;
  // Whoever asks and never reads the answer, or never asks; between two requests `keepAliveTimeout` takes its place.
  server.setTimeout(limits.httpRequestMs);
  const pages = new Map(options.pages.map((page) => [page.path, page]));
  const pace = new Pace(nodeClock, limits.httpRequestsPerSecond);
  const serving = { pages, host, pace, logger: options.logger };
  const keeper: Doorkeeper = {
    isProbed: (path) => pages.get(path)?.isProbe === true,
    judge: (probe) => answerToProbe(probe, serving),
  };
  const sockets = new AddressSockets(connectionsMax);
  // Node can't be stopped within the 64 KiB of a read, which hold thousands of requests: a flood ends the connections
  // of the address that it comes from, and nobody else's. What comes from there in the same second gets no parser.
  pace.onFlood = (floods) => sockets.end(floods);
  const [takeIn] = server.listeners('connection');
  assert(takeIn !== undefined, 'an HTTP server listens to its connections');
  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    sockets.add(socket);
    if (pace.floods(addressOf(socket))) serveOneProbe(socket, keeper);
    else takeIn.call(server, socket);
  });
  server.on('request', (request, response) => void serve(request, response, serving));
  await bind(server, host, port);
  server.on('error', (error) => options.logger.warn('http-accept-failed', { error: error.message }));
  return {
    address: formatAddress(host, (server.address() as AddressInfo).port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // The server knows only those that have a parser.
        sockets.end(() => true);
      }),
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(bindError(error, host, port, '--http'));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

interface Serving {
  readonly pages: ReadonlyMap<string, Page>;
  readonly host: string;
  readonly pace: Pace;
  readonly logger: Logger;
}

/** Never rejects. */
async function serve(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { method, headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const { status, contentType, text } = await answerTo(request, serving);
  // Bodies are not read, and who asks too much need not ask for more: the connection ends with the answer.
  if (hasBody || status === 405 || status === 429) response.setHeader('Connection', 'close');
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(method === 'HEAD' ? undefined : text);
}

async function answerTo(request: IncomingMessage, { pages, host, pace, logger }: Serving): Promise<Answer> {
  const { method, url = '/', headers, socket } = request;
  const path = url.replace(/[?#].*$/s, '');
  const page = pages.get(path);
  const from = addressOf(socket);
  // Whoever is refused a probe's answer may kill the daemon for it.
  if (!pace.take(from) && (page?.isProbe !== true || pace.floods(from))) {
    return plainAnswer(429, `more than ${limits.httpRequestsPerSecond} requests in a second: ask less often`);
  }
  if (method !== 'GET' && method !== 'HEAD') return plainAnswer(405, `${method} changes nothing here: use GET`);
  // A web page whose name was made to point at this machine must not read along. Where others than this machine's users
  // may call, the names that they use can't be known.
  if (!isNamed(headers.host, host)) {
    return plainAnswer(403, `${headers.host} is no name of this listener: call it localhost, or listen there`);
  }
  if (page === undefined) return plainAnswer(404, 'there is no such page; / lists them');
  return made(page, logger);
}

/** What a probe hears that comes from an address in the midst of its flood. Never rejects. */
async function answerToProbe(
  { path, host: named }: Probe,
  { pages, host, logger }: Serving,
): Promise<Answer | undefined> {
  const page = pages.get(path);
  if (page === undefined || !isNamed(named, host)) return undefined;
  return made(page, logger);
}

/** Whether a request with this Host header is meant for a listener at `host`. */
function isNamed(header: string | undefined, host: string): boolean {
  return !isLoopback(host) || isHostAllowed(header, host);
}

/** Never rejects. */
async function made(page: Page, logger: Logger): Promise<Answer> {
  try {
    return await page.answer();
  } catch (error) {
    // Our own mistake; but whoever looks at a server must not be able to end it.
    logger.error('http-page-failed', { path: page.path, error: String(error) });
    return plainAnswer(500, 'this page could not be made: see the log');
  }
}
