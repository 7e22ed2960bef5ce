/** The HTTP server under all endpoints: whom it serves, for how long, and how it says that something went wrong. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, InvariantError, isLoopback, type Logger } from '../../base/index.js';
import { AddressError } from '../engine/go-address.js';
import { PlanError } from '../plan/errors.js';
import { bindApi, isHostAllowed, readApiAddress } from './listen-hosts.js';
import { IncomingRequest } from './request.js';
import { ApiError, type ApiResponse, findRoute, type Route } from './route.js';
import { readTarget, type Target } from './target.js';

export { ApiError, type ApiRequest, type ApiResponse, type Route } from './route.js';

export interface ApiOptions {
  /** `host:port`; `localhost` is both families, port 0 a free one. */
  readonly listen: string;
  /** One of these must be shown (`Authorization: Bearer …`) where `listen` is open to other machines. */
  readonly tokens?: readonly string[];
  readonly routes: readonly Route[];
  readonly logger: Logger;
  /** A request must have arrived by then, body included. */
  readonly requestMsMax?: number;
  /** A client that takes nothing of its answer for so long is let go. */
  readonly answerMsMax?: number;
}

export interface ApiServer {
  /** `host:port` with the real port. */
  readonly address: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

/** As Toxiproxy: a request within 15 s, an answer within 30 s, a connection idle for 60 s. */
const defaultRequestMsMax = 15_000;
const defaultAnswerMsMax = 30_000;
const idleMsMax = 60_000;
/** How often Node looks for requests that take too long. */
const checkEveryMs = 500;
/** Each costs a descriptor that a proxied connection may need. */
const connectionsMax = 256;

const json = 'application/json';
const plain = 'text/plain; charset=utf-8';

/** @throws ExitError when the address can't be listened at; its text ends in what to do. */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const listen = readApiAddress(options.listen);
  const servers = await bindApi(listen, () => newServer(options, listen));
  for (const server of servers) {
    server.on('error', (error) => options.logger.warn('api-accept-failed', { error: error.message }));
  }
  const { port } = (servers[0] as Server).address() as AddressInfo;
  return {
    address: listen.host.includes(':') ? `[${listen.host}]:${port}` : `${listen.host}:${port}`,
    stop: async () => {
      await Promise.all(servers.map(stopServer));
    },
  };
}

function newServer(options: ApiOptions, listen: Address): Server {
  const requestTimeout = options.requestMsMax ?? defaultRequestMsMax;
  const server = createServer({
    requestTimeout,
    headersTimeout: requestTimeout,
    keepAliveTimeout: idleMsMax,
    connectionsCheckingInterval: Math.min(checkEveryMs, requestTimeout),
  });
  server.maxConnections = connectionsMax;
  server.on('request', (request, response) => {
    serve(options, listen, request, response).catch((error: unknown) => {
      // Our own mistake: it must stop the process, as everywhere.
      if (error instanceof InvariantError) throw error;
      response.destroy();
      options.logger.debug('api-broken', { error: String(error) });
    });
  });
  return server;
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(
  options: ApiOptions,
  { host }: Address,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = readTarget(request.url ?? '/');
  const send = (answer: ApiResponse): void => sendWithin(options.answerMsMax ?? defaultAnswerMsMax, response, answer);
  if (!isHostAllowed(request.headers.host, host)) {
    const text = `${request.headers.host} is no name of this API: call it localhost, or listen at that name with --api`;
    send(errorResponse(new ApiError(403, text)));
  } else if (!isAllowed(request.headers.authorization, options.tokens ?? [], host)) {
    response.setHeader('WWW-Authenticate', 'Bearer realm="synod proxy"');
    const text = "this API listens to other machines: show that you know the cluster's secret, with --secret-file";
    send(errorResponse(new ApiError(401, text)));
  } else if (target === undefined) {
    send({ status: 400, text: '400 Bad Request', contentType: plain });
  } else if (target.movedTo !== undefined) {
    response.setHeader('Location', target.movedTo);
    send({ status: 301 });
  } else {
    const answer = await answerTo(options, target, request, response);
    options.logger.debug('api-request', { method: request.method, path: target.path });
    // Without its whole body the client has gone, or was too slow and has been told so.
    if (!request.destroyed || request.complete) send(answer);
  }
}

/** Whether a caller shows what it must. Toxiproxy's own clients show nothing: on loopback they need not. */
function isAllowed(header: string | undefined, tokens: readonly string[], listenHost: string): boolean {
  if (tokens.length === 0 || isLoopback(listenHost)) return true;
  const shown = Buffer.from(header?.replace(/^Bearer +/i, '') ?? '');
  return tokens.some((token) => shown.length === token.length && timingSafeEqual(shown, Buffer.from(token)));
}

/** What to answer; whatever a route throws becomes an answer here. */
async function answerTo(
  { routes, logger }: ApiOptions,
  { path, query }: Target,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ApiResponse> {
  const found = findRoute(routes, request.method ?? '', path);
  if (found === undefined) return { status: 404, text: '404 page not found\n', contentType: plain };
  if ('allowed' in found) {
    response.setHeader('Allow', found.allowed.join(', '));
    return { status: 405 };
  }
  response.setHeader('X-Toxiproxy-Request-Id', randomUUID());
  // A web page could otherwise drive the API of whoever looks at it.
  if (request.headers['user-agent']?.startsWith('Mozilla/') === true) {
    return { status: 403, text: 'User agent not allowed\n', contentType: 'text/plain' };
  }
  try {
    return await found.route.handle(new IncomingRequest(request, found.params, query));
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    const known = asApiError(error);
    if (known === undefined) logger.error('api-failed', { method: request.method, path, error: String(error) });
    return errorResponse(known ?? new ApiError(500, String(error)));
  }
}

/** What went wrong for a reason that lies with the client, or with the machine; anything else is undefined. */
export function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof PlanError) return new ApiError(400, error.message);
  return error instanceof AddressError ? new ApiError(500, error.message) : undefined;
}

function errorResponse({ status, message, extra }: ApiError): ApiResponse {
  return { status, text: `${JSON.stringify({ error: message, status, ...extra })}\n`, contentType: json };
}

function sendWithin(answerMsMax: number, response: ServerResponse, answer: ApiResponse): void {
  if ('stream' in answer) {
    // It may be still for as long as nothing happens, as a route may take its time before it answers.
    answer.stream(response);
    return;
  }
  // Node closes what has been still for so long, and sets another limit once the answer is out.
  response.socket?.setTimeout(answerMsMax);
  response.statusCode = answer.status;
  if ('text' in answer) {
    response.setHeader('Content-Type', answer.contentType);
    if (answer.status >= 400) response.setHeader('X-Content-Type-Options', 'nosniff');
    response.end(answer.text);
  } else if (answer.body === undefined) response.end();
  else {
    response.setHeader('Content-Type', json);
    response.end(JSON.stringify(answer.body));
  }
}
