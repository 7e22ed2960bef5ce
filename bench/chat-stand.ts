/** What the chat's benchmark has started: a cluster, and the chats on it, each in a terminal of its own. */
import path from 'node:path';
import type { Cluster } from '../test/support/cluster.js';
import { ChatTerminal, rows } from './chat-terminal.js';
import { pidsOf, startCluster } from './cluster.js';
import type { PartStand } from './parts.js';

/** Who sits at the terminal. */
export const person = 'bencher';
export const inputRow = rows - 1;
export const prompt = `${person}> `;

const launcher = path.resolve(process.env.SYNOD_BIN ?? 'bin', 'synod');

export class Stand implements PartStand {
  readonly cluster: Cluster;
  readonly #chats = new Set<ChatTerminal>();
  beforeEnd = (): void => undefined;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<Stand> {
    return new Stand(await startCluster());
  }

  get pids(): number[] {
    return [...pidsOf(this.cluster), ...[...this.#chats].flatMap(({ pids }) => pids)];
  }

  /** `synod chat` in this room, always by the same user; one at a time. */
  chat(room: string): ChatTerminal {
    const { root, balancerAddress } = this.cluster;
    const args = ['chat', '--name', person, '--room', room, '--balancer', balancerAddress];
    const chat = new ChatTerminal([process.execPath, launcher, ...args], {
      XDG_CONFIG_HOME: path.join(root, 'config-bench'),
    });
    this.#chats.add(chat);
    return chat;
  }

  async quit(chat: ChatTerminal): Promise<void> {
    this.beforeEnd();
    await chat.quit();
    this.#chats.delete(chat);
  }

  async stop(): Promise<void> {
    for (const chat of this.#chats) chat.kill();
    await this.cluster.stop();
  }
}

export function promptShown(chat: ChatTerminal): Promise<number> {
  return chat.when('the prompt', () => chat.row(inputRow).startsWith(prompt.trimEnd()));
}

export function connected(chat: ChatTerminal): Promise<number> {
  return chat.when('a connection', () => chat.row(inputRow - 1).includes('ONLINE'));
}
