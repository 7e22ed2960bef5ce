/**
 * The programs that the proxy's benchmark starts, the far end, our proxy and Toxiproxy, and how these are controlled.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/ports.js';
import { Program } from '../test/support/program.js';
import { until } from '../test/support/until.js';
import type { Answers, Purpose } from './proxy-far-end.js';

export type Ports = Answers['ports'];

/** Draws are a function of it, so that delays can be foretold. */
export const seed = 1;
const startMs = 10_000;

/** A program of this folder. */
function forkBeside(file: string, ...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [] });
}

export class FarEnd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): FarEnd {
    return new FarEnd(forkBeside('./proxy-far-end.js'));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One question at a time. */
  async ask<Q extends keyof Answers>(question: Q): Promise<Answers[Q]> {
    const answered = once(this.#child, 'message');
    this.#child.send(question);
    const [answer] = (await answered) as [Answers[Q]];
    return answer;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A process that hands bytes on to the echoing listener, and does nothing else. */
export class Relay {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(upstreamPort: number): Promise<Relay> {
    const child = forkBeside('./proxy-relay.js', `${upstreamPort}`);
    const [port] = (await once(child, 'message')) as [number];
    return new Relay(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** The control API of a proxy, ours or Toxiproxy's. */
export class ControlApi {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** Resolves to the answer's body. */
  async call(method: string, path: string, body?: unknown): Promise<string> {
    const response = await fetch(`http://${this.#address}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  }

  /** A proxy of this name in front of each listener. */
  async openPorts(upstreams: Ports): Promise<Ports> {
    const open = async (name: Purpose): Promise<number> => {
      const upstream = `127.0.0.1:${upstreams[name]}`;
      const made = JSON.parse(
        await this.call('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream }),
      ) as unknown;
      return Number((made as { listen: string }).listen.split(':').at(-1));
    };
    return { echo: await open('echo'), count: await open('count'), time: await open('time') };
  }
}

/** Our proxy as a process of its own. */
export class OurProxy {
  readonly api: ControlApi;
  readonly ports: Ports;
  readonly #program: Program;

  private constructor(program: Program, api: ControlApi, ports: Ports) {
    this.#program = program;
    this.api = api;
    this.ports = ports;
  }

  static async start(upstreams: Ports): Promise<OurProxy> {
    const program = new Program('synod', ['proxy', '--api', '127.0.0.1:0', '--seed', `${seed}`, '--log-level', 'warn']);
    const ready = await program.waitForLine('READY', (text) => text.startsWith('READY '), startMs);
    const api = new ControlApi(ready.split(' ')[2] ?? '');
    return new OurProxy(program, api, await api.openPorts(upstreams));
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Takes the rules that there are away and sets these. */
  async setRules(rules: readonly unknown[]): Promise<void> {
    await this.api.call('DELETE', '/rules');
    if (rules.length > 0) await this.api.call('POST', '/rules', rules);
  }

  async stop(): Promise<void> {
    await this.#program.kill();
  }
}

/** Toxiproxy's server, whose binary TOXIPROXY_SERVER names. */
export class Toxiproxy {
  readonly version: string;
  readonly ports: Ports;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, version: string, ports: Ports) {
    this.#child = child;
    this.version = version;
    this.ports = ports;
  }

  static async start(binary: string, upstreams: Ports): Promise<Toxiproxy> {
    const port = await freePort();
    const args = ['-host', '127.0.0.1', '-port', `${port}`];
    const child = spawn(binary, args, { stdio: 'ignore', env: { ...process.env, LOG_LEVEL: 'error' } });
    process.once('exit', () => child.kill('SIGKILL'));
    // Rejects if there is no such program.
    await once(child, 'spawn');
    const api = new ControlApi(`127.0.0.1:${port}`);
    const answer = await until(`an answer from ${binary}`, startMs, () => api.call('GET', '/version'));
    const { version } = JSON.parse(answer) as { version: string };
    return new Toxiproxy(child, version, await api.openPorts(upstreams));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
