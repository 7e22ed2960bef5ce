/** One HTTP request as a route sees it: its body is read within bounds, and only if the route asks for it. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { assert } from '../../base/index.js';
import { firstJsonValue } from './first-json.js';
import { ApiError, type ApiRequest } from './route.js';

/** A thousand proxies with their toxics, with room to spare. */
const bodyBytesMax = 1 << 20;

export class IncomingRequest implements ApiRequest {
  readonly query: URLSearchParams;
  readonly #message: IncomingMessage;
  readonly #params: ReadonlyMap<string, string>;

  constructor(message: IncomingMessage, params: ReadonlyMap<string, string>, query: URLSearchParams) {
    this.#message = message;
    this.#params = params;
    this.query = query;
  }

  get method(): string {
    return this.#message.method ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#message.headers;
  }

  param(name: string): string {
    const value = this.#params.get(name);
    assert(value !== undefined, `the route has no :${name}`);
    return value;
  }

  /** Reads to the end even when it is too long, keeping nothing: a client reads no answer while it is sending. */
  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.#message as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= bodyBytesMax) chunks.push(chunk);
      else chunks.length = 0;
    }
    if (bytes > bodyBytesMax) throw new ApiError(413, `the body has ${bytes} bytes: send at most ${bodyBytesMax}`);
    return Buffer.concat(chunks).toString('utf8');
  }

  async json(): Promise<unknown> {
    return firstJsonValue(await this.text());
  }
}
