/** Calls of the proxy's control API for `synod link` and `synod fault`. */
import { ExitError, exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { readApi } from './proxy.js';

/** The API named by `--api`. */
export class ProxyApi {
  readonly #address: string;

  constructor(call: Call) {
    this.#address = readApi(call.options.text('api') ?? '') ?? 'localhost:8474';
  }

  /**
   * The answer's JSON, undefined for an empty one.
   *
   * @throws ExitError 4 when nobody answers there, 3 with the API's own text when it refuses.
   */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#fetch(method, path, body);
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  /** The objects of an endless answer, one a line, until it ends or `signal` aborts. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const response = await this.#fetch('GET', path, undefined, signal);
    if (!response.ok || response.body === null) throw refusal(response.status, await response.text());
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body) {
        const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line) as Record<string, unknown>;
      }
    } catch (error) {
      throw signal.aborted ? error : proxyGone();
    }
  }

  async #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const address = this.#address.replace(/^localhost:/, '127.0.0.1:');
    try {
      return await fetch(`http://${address}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const reason = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
      const text = `No proxy API at ${this.#address} (${reason}). Is it running? Start one: synod proxy --master H:P  (or pass --api)`;
      throw new ExitError(exitCodes.unreachable, 'NO_PROXY', text);
    }
  }
}

/** The proxy ended while it was listened to. */
export function proxyGone(): ExitError {
  return new ExitError(exitCodes.unreachable, 'NO_PROXY', 'the proxy has ended. Start it again: synod proxy');
}

function refusal(status: number, text: string): ExitError {
  let reason = text.trim();
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'error' in answer) reason = String(answer.error);
  } catch {
    reason = `HTTP ${status}: ${reason}`; // Not our API, or not JSON: its own words are all there is.
  }
  return new ExitError(exitCodes.refused, 'REFUSED_BY_PROXY', `the proxy refuses: ${reason}`);
}
