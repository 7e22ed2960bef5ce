/**
 * Three hosts with everything on, as docs/THREE-HOSTS.md and docs/SECURITY.md set them up: a server each, two balancers
 * that share their seal in Redis, a mirror, TLS, a secret, pages for monitoring; all of it from configuration files.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChatClient } from '../support/chat-client.js';
import { freshRead } from '../support/fresh-read.js';
import { Hosts } from '../support/hosts.js';
import { Program, runToEnd } from '../support/program.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { Authority } from './authority.js';
import { type Daemon, OwnDaemon, Part } from './part.js';

const readyDeadlineMs = 30_000;
const wellDeadlineMs = 60_000;
const ports = { balancer: 8009, server: 9009, http: 9109, redis: 6379 };
/** Of the run; two runs at the same time have two networks. */
const network = `10.${200 + (process.pid % 50)}.${process.pid % 251}`;
const hostNames = ['host-1', 'host-2', 'host-3'] as const;
const operatorAddress = `${network}.254`;
const [registryDatabase, mirrorDatabase] = [0, 1];

export class Installation {
  readonly hosts = new Hosts(
    Object.fromEntries(hostNames.map((name, index) => [name, `${addressOf(index)}/24`])),
    `${operatorAddress}/24`,
  );
  readonly root = mkdtempSync(path.join(tmpdir(), 'synod-operate-'));
  readonly servers: readonly Part<OwnDaemon>[];
  readonly balancers: readonly Part[];
  readonly redis: Part;
  readonly mirror: Part;
  readonly #authority = new Authority(this.root);
  readonly #redisAddress = `${addressOf(2)}:${ports.redis}`;
  readonly #chats: ChatClient[] = [];
  readonly #redisServer: RedisServer;

  constructor() {
    writeFileSync(this.#file('secret'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    for (const index of hostNames.keys()) this.#configure(index);
    const { cert, key } = this.#authority.issue('operator', operatorAddress);
    this.#write('operator.toml', [this.#balancerList, ...this.#common(cert, key)]);
    this.#redisServer = new RedisServer({ host: addressOf(2), port: ports.redis, through: this.through(2) }, [
      '--appendonly',
      'yes',
    ]);
    const indexes = [...hostNames.keys()];
    this.servers = indexes.map((host) => new Part(`server ${host + 1}`, host, this.#daemon(host, 'server')));
    this.balancers = indexes
      .slice(0, 2)
      .map((host) => new Part(`balancer ${host + 1}`, host, this.#daemon(host, 'balancer')));
    this.redis = new Part('Redis', 2, this.#redisServer);
    this.mirror = new Part('the mirror', 2, this.#daemon(2, 'mirror'));
  }

  /** In the order of the page: what others need comes first. */
  async start(): Promise<void> {
    await this.redis.start();
    await Promise.all(this.balancers.map((part) => part.start()));
    await Promise.all(this.servers.map((part) => part.start()));
    await this.mirror.start();
    await this.allIsWell();
  }

  get parts(): readonly Part<Daemon>[] {
    return [...this.servers, ...this.balancers, this.redis, this.mirror];
  }

  /** Where a Prometheus would look. */
  get metricsPages(): string[] {
    return hostNames.map((_, index) => `http://${addressOf(index)}:${ports.http}/metrics`);
  }

  serverAddress(index: number): string {
    return `${addressOf(index)}:${ports.server}`;
  }

  through(host: number): string[] {
    return this.hosts.through(hostNames[host] ?? '');
  }

  unplug(host: number): void {
    this.hosts.unplug(hostNames[host] ?? '');
  }

  plug(host: number): void {
    this.hosts.plug(hostNames[host] ?? '');
  }

  dataDir(part: Part): string {
    return path.join(this.root, `host-${part.host + 1}`, 'server');
  }

  /** Runs a command of ours on the operator's machine. */
  async run(args: readonly string[], deadlineMs = 30_000): ReturnType<typeof runToEnd> {
    return await runToEnd('synod', [...args, '--config', this.#file('operator.toml')], deadlineMs);
  }

  /** For the checker: all servers are up when it reads. */
  get upIds(): number[] {
    return this.servers.map((_, index) => index + 1);
  }

  async tail(id: number, room: string): ReturnType<typeof freshRead> {
    const where = ['--server', this.serverAddress(id - 1), '--config', this.#file('operator.toml')];
    return await freshRead(id, room, where);
  }

  /** @throws Error unless all servers come to hold the same log. */
  async verify(): Promise<void> {
    const verified = async (): Promise<boolean> => (await this.run(['verify'])).code === 0;
    await until('synod verify to end with 0', wellDeadlineMs, verified, () => this.describe());
  }

  /**
   * Waits until the mirror has the room's `length` messages; resolves to how many there are in Redis.
   *
   * @throws Error unless they are what a server holds.
   */
  async mirrored(room: string, length: number): Promise<number> {
    const client = this.#redisServer.client;
    await client.select(mirrorDatabase);
    const key = `synod:${room}`;
    await until('the mirror to be through', wellDeadlineMs, async () => (await client.xlen(key)) >= length);
    const { log } = await this.tail(1, room);
    const entries = await client.xrange(key, '-', '+');
    const held = log.entries.map(({ position, author, text }) => `${position}-0 ${author} ${text}`);
    const copied = entries.map(([id, fields]) => `${id} ${fieldOf(fields, 'from')} ${fieldOf(fields, 'text')}`);
    const odd = copied.findIndex((entry, index) => entry !== held[index]);
    if (copied.length !== held.length || odd !== -1) {
      throw new Error(`Redis has ${copied.length} of ${held.length}; at ${odd}: ${copied[odd]} for ${held[odd]}`);
    }
    return copied.length;
  }

  /** `synod status --strict` says so. */
  async allIsWell(): Promise<void> {
    await until(
      'synod status --strict to end with 0',
      wellDeadlineMs,
      async () => (await this.run(['status', '--strict'])).code === 0,
      () => this.describe(),
    );
  }

  /** A chat on the operator's machine. */
  chat(name: string): ChatClient {
    const configDir = path.join(this.root, `chat-${name}`);
    const args = ['chat', '--json', '--name', name, '--config', this.#file('operator.toml')];
    const client = new ChatClient({ name, configDir, program: 'synod', args });
    this.#chats.push(client);
    return client;
  }

  describe(): string {
    return this.parts.map((part) => part.describe()).join('\n');
  }

  /** Ends everything and takes it away. */
  async end(): Promise<void> {
    await Promise.all(this.#chats.map(({ program }) => program.kill()));
    await Promise.all(this.parts.map((part) => part.kill()));
    await this.#redisServer.end();
    this.hosts.remove();
    rmSync(this.root, { recursive: true, force: true });
  }

  #file(name: string): string {
    return path.join(this.root, name);
  }

  #write(name: string, lines: readonly string[]): void {
    writeFileSync(this.#file(name), `${lines.join('\n')}\n`);
  }

  get #balancerList(): string {
    const addresses = [0, 1].map((index) => `"${addressOf(index)}:${ports.balancer}"`);
    return `balancer = [${addresses.join(', ')}]`;
  }

  /** What every machine's file says. */
  #common(cert: string, key: string): string[] {
    const files = {
      'secret-file': this.#file('secret'),
      'tls-ca': this.#authority.cert,
      'tls-cert': cert,
      'tls-key': key,
    };
    return Object.entries(files).map(([name, file]) => `${name} = "${file}"`);
  }

  #configure(index: number): void {
    const address = addressOf(index);
    const folder = path.join(this.root, `host-${index + 1}`);
    mkdirSync(folder);
    const { cert, key } = this.#authority.issue(`host-${index + 1}`, address);
    this.#write(`host-${index + 1}.toml`, [
      ...this.#common(cert, key),
      '[server]',
      this.#balancerList,
      `id = ${index + 1}`,
      `listen = "${address}:${ports.server}"`,
      `data-dir = "${path.join(folder, 'server')}"`,
      `http = "${address}:${ports.http}"`,
      '[balancer]',
      `listen = "${address}:${ports.balancer}"`,
      `data-dir = "${path.join(folder, 'balancer')}"`,
      `registry = "redis://${this.#redisAddress}/${registryDatabase}"`,
      '[mirror]',
      this.#balancerList,
      `to = "redis://${this.#redisAddress}/${mirrorDatabase}"`,
      `room = ["#lobby"]`,
    ]);
  }

  #daemon(host: number, command: 'server' | 'balancer' | 'mirror'): OwnDaemon {
    const config = this.#file(`host-${host + 1}.toml`);
    return new OwnDaemon(async () => {
      const program = new Program('synod', [command, '--config', config], { through: this.through(host) });
      await program.waitForLine('READY', (line) => line.startsWith(`READY ${command}`), readyDeadlineMs);
      return program;
    });
  }
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  const at = fields.indexOf(name);
  return at % 2 === 0 ? fields[at + 1] : undefined;
}

function addressOf(host: number): string {
  return `${network}.${host + 1}`;
}
