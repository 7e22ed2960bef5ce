/** `synod proxy` as a real process in front of a cluster, and its control API as calls. */
import type { Program } from './program.js';

type JsonObject = Readonly<Record<string, unknown>>;

export interface ProxyOptions {
  readonly seed?: number;
  /** Server → its faults as in `-mode`, from the start on. */
  readonly modes?: Readonly<Record<number, string>>;
}

export interface ProxiedLink {
  readonly from: number | 'client';
  readonly to: number | 'client';
  /** Directions of open connections. */
  readonly connections: number;
  readonly frames: number;
  readonly held: number;
}

export interface ProxiedLinks {
  readonly servers: readonly number[];
  /** As overheard in heartbeats. */
  readonly leader: { readonly server: number; readonly ballot: string } | null;
  readonly links: readonly ProxiedLink[];
}

export class FaultProxy {
  readonly program: Program;
  #api = '';

  /** `run` starts a proxy with these further flags. */
  constructor(run: (flags: readonly string[]) => Program, options: ProxyOptions) {
    const seed = options.seed === undefined ? [] : ['--seed', `${options.seed}`];
    const modes = Object.entries(options.modes ?? {}).flatMap(([id, mode]) => ['--mode', `${id}=${mode}`]);
    this.program = run(['--api', '127.0.0.1:0', ...seed, ...modes]);
  }

  async waitForReady(deadlineMs: number): Promise<void> {
    const isReady = (line: string): boolean => line.startsWith('READY proxy ');
    const line = await this.program.waitForLine('READY', isReady, deadlineMs);
    this.#api = line.split(' ').at(-1) ?? '';
  }

  /** `host:port` of the control API. */
  get api(): string {
    return this.#api;
  }

  /** Sets rules and presets, in the form of `POST /rules`. */
  async setRules(...rules: readonly JsonObject[]): Promise<void> {
    await this.#call('POST', '/rules', rules);
  }

  /** Starts a script of faults. */
  async startTimeline(script: JsonObject, seed: number): Promise<void> {
    await this.#call('POST', '/timeline', { script, seed });
  }

  /** Takes every fault away. */
  async heal(): Promise<void> {
    await this.#call('POST', '/heal');
  }

  async links(): Promise<ProxiedLinks> {
    return (await this.#call('GET', '/links')) as ProxiedLinks;
  }

  /** Resolves with the first event that has all these fields, or rejects when none has come in time. */
  async expect(event: JsonObject, withinMs: number): Promise<JsonObject> {
    const answer = await this.#call('POST', '/expect', { expect: event, within: `${withinMs}ms` });
    return (answer as { readonly event: JsonObject }).event;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://${this.#api}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}
