/** The control API before a real proxy with a caller and a listener that speak frames. */
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { silentLogger } from '../../src/base/index.js';
import type { ApiServer } from '../../src/proxy/api/http.js';
import { startControlApi } from '../../src/proxy/api/index.js';
import { TimelineRunner } from '../../src/proxy/engine/timeline-runner.js';
import { until } from '../support/until.js';
import { FramedPair } from './framed-pair.js';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  readonly json: Body;
}

/** What the endpoints answer, each of them some of it, as far as tests look into it by name. */
interface Body {
  readonly rules: readonly { readonly id: string }[];
  readonly warnings: readonly string[];
  readonly servers: readonly number[];
  readonly leader: unknown;
  readonly links: readonly { readonly connections: number; readonly bytes: number; readonly heldBytes: number }[];
  readonly timeline: { readonly state: string; readonly done: number } | null;
  readonly steps: readonly unknown[];
}

/** An endless answer, line by line. */
export class Stream {
  readonly events: Readonly<Record<string, unknown>>[] = [];
  readonly response: IncomingMessage;
  isOver = false;
  #rest = '';
  readonly #request: ClientRequest;

  constructor(made: ClientRequest, response: IncomingMessage) {
    this.#request = made;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() as string;
      for (const line of lines) this.events.push(JSON.parse(line) as Record<string, unknown>);
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      this.isOver = true;
    });
  }

  close(): void {
    this.#request.destroy();
  }
}

export class OwnApi {
  readonly pair: FramedPair;
  readonly #api: ApiServer;
  readonly #streams: Stream[] = [];

  private constructor(pair: FramedPair, api: ApiServer) {
    this.pair = pair;
    this.#api = api;
  }

  /** Server 2 listens behind the proxy; it ends with the test. */
  static async start(t: { teardown(end: () => Promise<void>): void }): Promise<OwnApi> {
    const pair = await FramedPair.start({ listenerEnd: 2 }, 7);
    const { world, proxies } = pair;
    const heal = () => {
      const toxics = pair.proxy.toxics.map(({ name }) => `${pair.proxy.name}/${name}`);
      pair.proxy.setToxics([]);
      return { rules: world.faults.heal(), toxics };
    };
    const timeline = new TimelineRunner(world.faults, heal);
    const controlled = { world, proxies, timeline, heal };
    const api = await startControlApi(controlled, { listen: '127.0.0.1:0', logger: silentLogger, proxies: [] });
    const own = new OwnApi(pair, api);
    t.teardown(() => own.stop());
    return own;
  }

  get faults() {
    return this.pair.faults;
  }

  /** `host:port`. */
  get address(): string {
    return this.#api.address;
  }

  /** `body` is sent as JSON; a text is sent as it is. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    const bytes = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const made = request(this.url(path), { method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          const type = headers['content-type'] ?? '';
          const json = (type.includes('json') && text !== '' ? JSON.parse(text) : {}) as Body;
          resolve({ status, text, type, json });
        });
      });
      made.on('error', reject);
      made.end(bytes);
    });
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.call('POST', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.call('DELETE', path);
  }

  /** The names of the rules that are set. */
  async rules(): Promise<string[]> {
    const { json } = await this.get('/rules');
    return json.rules.map(({ id }) => id);
  }

  /** A stream that is open: what happens from now on is in it. */
  stream(path: string): Promise<Stream> {
    return new Promise((resolve, reject) => {
      const made = get(this.url(path), { agent: false }, (response) => {
        const stream = new Stream(made, response);
        this.#streams.push(stream);
        resolve(stream);
      });
      made.on('error', reject);
    });
  }

  /** An /expect that has begun to listen for events of this name. */
  async expecting(body: unknown, event: 'leader' | 'frame' | 'rule'): Promise<{ readonly answer: Promise<Answer> }> {
    const answer = this.post('/expect', body);
    await until('the API to listen', 5_000, () => this.faults.hub.hears(event));
    return { answer };
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.#api.stop();
    await this.pair.stop();
  }

  url(path: string): string {
    return `http://${this.address}${path}`;
  }
}
