/**
 * A balancer and servers in this process, on free ports and a temporary directory; and a chat client made of raw
 * frames.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../src/base/index.js';
import {
  type AccessOptions,
  type BalancerHandle,
  type ServerHandle,
  type ServerOptions,
  startBalancer,
  startServer,
} from '../../src/daemon/index.js';
import type { Ground } from '../../src/daemon/server/index.js';
import type { Security } from '../../src/net/index.js';
import {
  type Ack,
  type Decide,
  encodeRun,
  type MessageOf,
  type RunMessage,
  type SessionId,
} from '../../src/wire/index.js';
import { Raw, until } from './raw.js';

export class Cluster {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'synod-daemon-'));
  readonly servers = new Map<number, ServerHandle>();
  balancer: BalancerHandle | undefined;
  readonly #access: () => AccessOptions;
  #lives = 1;
  /** The balancer's port, so that it can be started again where the servers look for it. */
  balancerAddress = '127.0.0.1:0';

  constructor(access: () => AccessOptions = () => ({})) {
    this.#access = access;
  }

  /** `access` gives each daemon, and each caller of this class, what it proves and demands: a keyring is one's own. */
  static async start(count = 3, access: () => AccessOptions = () => ({})): Promise<Cluster> {
    const cluster = new Cluster(access);
    await cluster.startBalancer(count);
    await cluster.startServers(...Array.from({ length: count }, (_, i) => i + 1));
    return cluster;
  }

  async startBalancer(servers = 3, dataDir = this.dataDir('balancer')): Promise<BalancerHandle> {
    this.balancer = await startBalancer({
      listen: this.balancerAddress,
      servers,
      dataDir,
      logger: silentLogger,
      ...this.#access(),
    });
    this.balancerAddress = this.balancer.address;
    return this.balancer;
  }

  async startServers(...ids: number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.startServer(id)));
  }

  async startServer(
    id: number,
    more: Partial<ServerOptions> = {},
    ground: Partial<Ground> = {},
  ): Promise<ServerHandle> {
    const options = {
      id,
      listen: '127.0.0.1:0',
      balancers: [this.balancerAddress],
      dataDir: this.dataDir(`server-${id}`),
      fsync: 'never' as const,
      logger: silentLogger,
      ...this.#access(),
      ...more,
    };
    const server = await startServer(options, ground);
    this.servers.set(server.id, server);
    return server;
  }

  /** All of it is stopped and made anew: the same addresses, no data, so another cluster. */
  async startAnew(): Promise<void> {
    const addresses = [...this.servers].map(([id, { address }]) => ({ id, listen: address }));
    await Promise.all([...this.servers.values(), this.balancer].map((daemon) => daemon?.destroy()));
    this.servers.clear();
    this.#lives++;
    await this.startBalancer(addresses.length);
    await Promise.all(addresses.map(({ id, listen }) => this.startServer(id, { listen })));
  }

  dataDir(name: string): string {
    return path.join(this.directory, `${this.#lives}`, name);
  }

  server(id: number): ServerHandle {
    const server = this.servers.get(id);
    if (server === undefined) throw new Error(`no server ${id}`);
    return server;
  }

  async kill(id: number): Promise<void> {
    await this.server(id).destroy();
    this.servers.delete(id);
  }

  async status(id: number): Promise<MessageOf<'status'>> {
    const raw = await Raw.welcomed(this.server(id).address, { role: 'operator' }, this.#access().security);
    raw.send({ type: 'statusRequest', request: 1 });
    const status = await raw.take('status');
    raw.end();
    return status;
  }

  /** Waits until some server leads and the given ones follow it; its id. */
  async leader(...ids: number[]): Promise<number> {
    const asked = ids.length > 0 ? ids : [...this.servers.keys()];
    for (let tries = 0; tries < 400; tries++) {
      const all = await Promise.all(asked.map((id) => this.status(id)));
      const leader = all[0]?.leader ?? 0;
      if (leader !== 0 && all.every((status) => status.leader === leader && status.happy)) return leader;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('no leader');
  }

  async end(): Promise<void> {
    Raw.endAll();
    await Promise.all([...this.servers.values()].map((server) => server.destroy()));
    await this.balancer?.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One user: registers, says lines one run at a time, follows the lobby. */
export class User {
  readonly token = randomBytes(32);
  readonly nonce = randomBytes(16);
  session: SessionId | undefined;
  #seq = 1;
  #request = 1;

  constructor(
    readonly name: string,
    public raw: Raw,
  ) {}

  static async at(address: string, name: string, security?: Security): Promise<User> {
    const user = new User(name, undefined as unknown as Raw);
    await user.connect(address, security);
    await user.register();
    return user;
  }

  get tokenHash(): Buffer {
    return createHash('sha256').update(this.token).digest();
  }

  async connect(address: string, security?: Security): Promise<void> {
    this.raw = await Raw.welcomed(address, { authMethod: 'token', auth: this.token }, security);
  }

  async register(): Promise<MessageOf<'registered'>> {
    const request = this.#request++;
    this.raw.send({ type: 'register', request, nonce: this.nonce, name: this.name, window: 64 });
    const registered = await this.raw.take('registered', (message) => message.request === request);
    if (registered.code === 'ok') this.session = registered.session;
    return registered;
  }

  async resume(): Promise<MessageOf<'registered'>> {
    const request = this.#request++;
    this.raw.send({ type: 'resume', request, session: this.session as SessionId, nonce: this.nonce });
    return this.raw.take('registered', (message) => message.request === request);
  }

  /** The run that says these messages next. */
  run(messages: readonly RunMessage[]): Buffer {
    const firstSeq = this.#seq;
    this.#seq += messages.length;
    return encodeRun(
      { session: this.session as SessionId, nonce: this.nonce, firstSeq, answeredBelow: firstSeq },
      messages,
    );
  }

  send(...messages: RunMessage[]): number {
    const run = this.run(messages);
    this.raw.send({ type: 'submit', run });
    return this.#seq - messages.length;
  }

  /** Says lines in a room as one run and waits for the answer. */
  async say(room: string, ...texts: string[]): Promise<Ack> {
    const firstSeq = this.send(...texts.map((text) => ({ kind: 'post' as const, room, text })));
    return this.raw.take('ack', (ack) => ack.firstSeq === firstSeq);
  }

  async subscribe(room: string, fromEvent = 1, lastPosts = 0): Promise<MessageOf<'subscribed'>> {
    const request = this.#request++;
    this.raw.send({ type: 'subscribe', request, room, fromEvent, lastPosts });
    return this.raw.take('subscribed', (message) => message.request === request);
  }

  /** The texts of the posts delivered so far, in order, with their event numbers checked to be gapless. */
  posts(room: string): string[] {
    const texts: string[] = [];
    let next = 0;
    for (const message of this.raw.received) {
      if (message.type !== 'deliver' || message.room !== room) continue;
      const { firstEvent, events } = message.group;
      if (next !== 0 && firstEvent !== next) throw new Error(`event ${firstEvent} after ${next - 1}`);
      next = firstEvent + events.length;
      for (const event of events) if (event.kind === 'post') texts.push(event.text);
    }
    return texts;
  }

  async hears(room: string, count: number): Promise<string[]> {
    return until(`${this.name} hears ${count} posts`, () => {
      const texts = this.posts(room);
      return texts.length >= count && texts;
    });
  }
}

/** Has server `id` decide something, as an operator; its answer. */
export async function decide(
  cluster: Cluster,
  id: number,
  wish: Pick<Decide, 'verb' | 'subject'> & Partial<Decide>,
): Promise<MessageOf<'decideAnswer'>> {
  const raw = await Raw.welcomed(cluster.server(id).address, { role: 'operator' });
  const nothing = { count: 0, ageMs: 0, tokenHash: new Uint8Array(32), why: '' };
  raw.send({ request: 1, ...nothing, ...wish, type: 'decide' });
  const answer = await raw.take('decideAnswer');
  raw.end();
  return answer;
}
