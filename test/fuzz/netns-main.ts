/** `npm run fuzz-netns`: a server's cable is pulled and nobody is told; exit 0 if all noticed in time. Needs root. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { askOnce, ChatClient } from '../../src/client/index.js';
import { Hosts } from '../support/hosts.js';
import { Program } from '../support/program.js';
import { nowMs, until } from '../support/until.js';

const usage = `Usage: npm run fuzz-netns -- [--rounds N]

Runs server 1 of 3 in a network namespace behind a bridge and takes its cable out of the bridge: nobody is told, packets
vanish both ways. Measures how soon its clients are served elsewhere and how soon it gives up theirs. Linux, root, ip.`;

/** Clients probe after a second of silence and leave after three; then a reroute. */
const servedWithinMs = 5_000;
/** A server, which may have ten thousand clients, asks a silent one after 3 s and gives it up after 9 s. */
const givenUpWithinMs = 12_000;
const clients = 30;
const guestPort = 19_001;
/** The host whose cable is pulled, and the network it shares with this machine. */
const [cut, network] = ['cut', '10.213.7'];

/** A balancer and three servers at addresses of the two networks. */
class Stage {
  readonly #hosts = new Hosts({ [cut]: `${network}.1/24` }, `${network}.254/24`);
  readonly root = mkdtempSync(path.join(tmpdir(), 'synod-netns-'));
  readonly balancer = `${network}.254:18009`;
  readonly addresses = [`${network}.1:${guestPort}`, `${network}.254:19002`, `${network}.254:19003`];
  readonly programs: Program[] = [];

  async start(): Promise<void> {
    const flags = ['balancer', '--listen', this.balancer, '--data-dir', path.join(this.root, 'balancer')];
    await this.#run(flags, 'READY balancer');
    await Promise.all(this.addresses.map((address, at) => this.#startServer(at + 1, address)));
  }

  async #startServer(id: number, address: string): Promise<void> {
    const dataDir = path.join(this.root, `server-${id}`);
    const flags = ['server', '--id', `${id}`, '--listen', address, '--balancer', this.balancer, '--data-dir', dataDir];
    const through = id === 1 ? { through: this.#hosts.through(cut) } : {};
    await this.#run(flags, `READY server ${id} `, through);
  }

  async #run(flags: readonly string[], ready: string, options: { through?: readonly string[] } = {}): Promise<void> {
    // A network of the test's own: strangers are no part of it.
    const program = new Program('synod', [...flags, '--insecure'], options);
    this.programs.push(program);
    await program.waitForLine('READY', (line) => line.startsWith(ready), 20_000);
  }

  /** Server 1 is live and follows a leader: clients that come are sent there, and stay. */
  async settled(): Promise<void> {
    const timeoutMs = 2_000;
    await until('the cut server to be back', 30_000, async () => {
      const members = await askOnce({ address: this.balancer, timeoutMs }, (operator) => operator.members());
      const status = await askOnce({ address: this.addresses[0] ?? '', timeoutMs }, (operator) => operator.status());
      return members.ok && members.answer.members.every(({ live }) => live) && status.ok && status.answer.leader !== 0;
    });
  }

  async stop(): Promise<void> {
    for (const program of this.programs) program.signal('SIGKILL');
    await Promise.all(this.programs.map((program) => program.waitForExit(10_000)));
    rmSync(this.root, { recursive: true, force: true });
    this.#hosts.remove();
  }

  pullCable(): void {
    this.#hosts.unplug(cut);
  }

  putBackCable(): void {
    this.#hosts.plug(cut);
  }

  /** Connections that callers opened to the cut server and that it still holds. */
  connectionsInside(): number {
    const [command = '', ...args] = this.#hosts.through(cut);
    const text = execFileSync(command, [...args, 'cat', '/proc/net/tcp'], { encoding: 'utf8' });
    const established = '01';
    const port = guestPort.toString(16).toUpperCase().padStart(4, '0');
    const own = text.split('\n').filter((line) => line.trim().split(/\s+/)[1]?.endsWith(`:${port}`) === true);
    const clientsOnly = own.filter((line) => line.trim().split(/\s+/)[3] === established);
    // Links of the two other servers are no clients: silence closes nothing there.
    return Math.max(0, clientsOnly.length - 2);
  }
}

interface Follower {
  readonly client: ChatClient;
  connections: number;
  /** Why the last connection ended. */
  reason: string;
}

/** One pull of the cable: true if everybody noticed in time. */
async function round(stage: Stage): Promise<boolean> {
  await stage.settled();
  const followers = Array.from({ length: clients }, (): Follower => {
    return {
      client: new ChatClient({ token: randomBytes(32), balancers: [stage.balancer] }),
      connections: 0,
      reason: '',
    };
  });
  for (const follower of followers) {
    follower.client.on('connected', () => {
      follower.connections += 1;
    });
    follower.client.on('disconnected', ({ reason }) => {
      follower.reason = reason.replace(/\d+\.\S+/g, 'the server');
    });
    follower.client.subscribe('#lobby', 'all');
    follower.client.connect();
  }
  // A server that knows no leader sends its clients away: not that is to be measured.
  const isSettled = ({ client }: Follower): boolean => client.phase === 'ready' && (client.standing?.leader ?? 0) !== 0;
  await until('all clients to be there', 20_000, () => followers.every(isSettled));
  const cut = followers.filter(({ client }) => client.server?.id === 1);
  const before = new Map(cut.map((follower) => [follower, follower.connections]));
  stage.pullCable();
  const startMs = nowMs();
  const isServed = (follower: Follower): boolean => follower.connections > (before.get(follower) ?? 0);
  await until('the clients to be served elsewhere', 30_000, () => cut.every(isServed));
  const servedMs = nowMs() - startMs;
  // Only from inside can the cut server be asked.
  await until('the cut server to give up its clients', 30_000, () => stage.connectionsInside() === 0);
  const givenUpMs = nowMs() - startMs;
  stage.putBackCable();
  await Promise.all(followers.map(({ client }) => client.close()));
  const isGood = cut.length > 0 && servedMs <= servedWithinMs && givenUpMs <= givenUpWithinMs;
  console.log(
    `${cut.length} of ${clients} clients cut off: all served elsewhere after ${servedMs.toFixed(0)} ms, given up by ` +
      `the server after ${givenUpMs.toFixed(0)} ms${isGood ? '' : ': TOO LATE'}; ` +
      [...new Set(cut.map(({ reason }) => reason))].join('; '),
  );
  return isGood;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, help: { type: 'boolean' } } });
  const rounds = Number(values.rounds);
  if (values.help === true || !(rounds >= 1)) {
    console.log(usage);
    return values.help === true ? 0 : 2;
  }
  const stage = new Stage();
  try {
    await stage.start();
    let good = true;
    for (let i = 0; i < rounds; i++) good = (await round(stage)) && good;
    return good ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
