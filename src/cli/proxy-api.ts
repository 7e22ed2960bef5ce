/** Calls of the proxy's control API for `synod link`, `synod fault` and the chat. */
import { ExitError, exitCodes, isLoopback, parseAddress } from '../base/index.js';
import type { Call } from './command.js';
import { readSecurity } from './security.js';
import { readApi } from './values.js';

/** So much of what a stranger says is repeated. */
const foreignCharsMax = 100;

export interface ProxyApiOptions {
  /** Where another address is given, for error texts. Default `--api`. */
  readonly option?: string;
  /** For one call, its answer included; without it a call waits as long as it takes. */
  readonly timeoutMs?: number;
  /** What an API that listens to other machines wants to see. */
  readonly token?: string | undefined;
}

/** What shows that this call knows the cluster's secret. @throws ExitError (3) when the secret can't be read */
export function apiToken(call: Call): string | undefined {
  return readSecurity(call).security.keyring?.apiTokens[0];
}

export class ProxyApi {
  readonly #address: string;
  readonly #option: string;
  readonly #timeoutMs: number | undefined;
  readonly #headers: Readonly<Record<string, string>>;

  /** The API at `address`, `host:port`. */
  constructor(address: string, options: ProxyApiOptions = {}) {
    this.#address = address;
    this.#option = options.option ?? '--api';
    this.#timeoutMs = options.timeoutMs;
    // On loopback the API asks for none, and whoever else answers there must not learn it.
    const token = this.#isLoopback() ? undefined : options.token;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The API named by `--api`. */
  static of(call: Call): ProxyApi {
    return new ProxyApi(readApi('--api', call.options.text('api') ?? '') ?? 'localhost:8474', {
      token: apiToken(call),
    });
  }

  /**
   * The answer's JSON, undefined for an empty one.
   *
   * @throws ExitError 4 when no fault proxy answers there, 3 with the API's own text when it refuses.
   */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const signal = this.#timeoutMs === undefined ? undefined : AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(method, path, body, signal);
      text = await response.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (!response.ok) throw this.#refusal(path, response.status, text);
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw this.foreign(`${path} is no JSON`);
    }
  }

  /** The objects of an endless answer, one a line, until it ends or `signal` aborts. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const response = await this.#fetch('GET', path, undefined, signal).catch((error: unknown) => {
      throw signal.aborted ? error : this.#unreachable(error);
    });
    if (!response.ok || response.body === null) throw this.#refusal(path, response.status, await response.text());
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

  /** Something answers there, but not as a fault proxy does: `reason` says in what. */
  foreign(reason: string): ExitError {
    const text = `What answers at ${this.#address} is no fault proxy (${reason}). Give its control address with ${this.#option}`;
    return new ExitError(exitCodes.unreachable, 'NO_PROXY', text);
  }

  #isLoopback(): boolean {
    const parsed = parseAddress(this.#address);
    return !('error' in parsed) && isLoopback(parsed.host);
  }

  #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const address = this.#address.replace(/^localhost:/, '127.0.0.1:');
    return fetch(`http://${address}${path}`, {
      method,
      headers: this.#headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #unreachable(error: unknown): ExitError {
    const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: string } };
    let reason = cause?.code ?? message;
    if (reason === 'ECONNREFUSED') reason = 'connection refused';
    if (name === 'TimeoutError') reason = `no answer within ${(this.#timeoutMs ?? 0) / 1_000} s`;
    const text = `No fault proxy answers at ${this.#address} (${reason}). Is it running? Start one: synod proxy --master H:P  (or pass ${this.#option})`;
    return new ExitError(exitCodes.unreachable, 'NO_PROXY', text);
  }
  /** An error answer. Ours is always an object with `error`, which ends in what to do. */
  #refusal(path: string, status: number, text: string): ExitError {
    const reason = errorOf(text);
    if (reason === undefined) return this.foreign(`${path}: HTTP ${status}: ${text.trim().slice(0, foreignCharsMax)}`);
    const words = status < 500 ? `the proxy refuses: ${reason}` : `the proxy failed: ${reason}. Look into its log`;
    return new ExitError(exitCodes.refused, 'REFUSED_BY_PROXY', words);
  }
}

/** The proxy ended while it was listened to. */
export function proxyGone(): ExitError {
  return new ExitError(exitCodes.unreachable, 'NO_PROXY', 'the proxy has ended. Start it again: synod proxy');
}

function errorOf(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : undefined;
  } catch {
    return undefined; // Not JSON, so not our API.
  }
}
