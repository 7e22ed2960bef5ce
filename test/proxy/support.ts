/** The API under test on a real socket, driven by raw HTTP. */
import { connect } from 'node:net';
import type { Test } from 'tap';
import { nodeClock, silentLogger } from '../../src/base/index.js';
import { type ApiOptions, startApi } from '../../src/proxy/api/http.js';
import { toxiproxyRoutes } from '../../src/proxy/api/toxiproxy.js';
import { Proxies } from '../../src/proxy/engine/proxies.js';
import { newWorld } from '../../src/proxy/engine/world.js';

export interface RawAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends `bytes` as they are and reads until the server closes; undefined when nothing came back. */
export function exchange(port: number, bytes: string | Buffer, host = '127.0.0.1'): Promise<RawAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port }, () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(readAnswer(Buffer.concat(chunks).toString('utf8'))));
  });
}

function readAnswer(text: string): RawAnswer | undefined {
  if (text === '') return undefined;
  const split = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, split).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(split + 4) };
}

/** The API under test. */
export interface Subject {
  readonly port: number;
  readonly url: string;
  readonly proxies: Proxies;
  /** One request; `body` is sent as it is, with whatever else `headers` say. */
  call(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<RawAnswer>;
  stop(): Promise<void>;
}

/** Starts the API on a free port until the test is over, over real proxies. */
export async function startSubject(t: Test, more: Partial<ApiOptions> = {}): Promise<Subject> {
  const world = newWorld(nodeClock, silentLogger, 1);
  const proxies = new Proxies(world);
  const api = await startApi({
    listen: 'localhost:0',
    routes: toxiproxyRoutes(proxies),
    logger: silentLogger,
    ...more,
  });
  const port = Number(api.address.split(':').at(-1));
  const stop = async (): Promise<void> => {
    await proxies.stop();
    await api.stop();
    world.faults.stop();
  };
  t.teardown(stop);
  return {
    stop,
    port,
    url: `http://localhost:${port}`,
    proxies,
    async call(method, path, body = '', headers = {}) {
      const all = { Host: `localhost:${port}`, Connection: 'close', 'Content-Length': `${Buffer.byteLength(body)}` };
      const lines = Object.entries({ ...all, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      const answer = await exchange(port, `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
      if (answer === undefined) throw new Error(`${method} ${path}: no answer`);
      return answer;
    },
  };
}

/** The body of a new proxy at a free port. */
export function proxyBody(name: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ name, upstream: '127.0.0.1:1', listen: 'localhost:0', ...more });
}

/** Asserts an error as clients read it. */
export function fails(t: Test, answer: RawAnswer, status: number, error: string | RegExp): void {
  t.equal(answer.status, status, String(error));
  t.match(JSON.parse(answer.body), { error, status });
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.ok(answer.headers.has('x-toxiproxy-request-id'));
}
