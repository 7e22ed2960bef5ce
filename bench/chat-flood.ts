/** Part 3: ten thousand messages in a second, while somebody types. */
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd } from './chat-crowd.js';
import { connected, inputRow, prompt, type Stand } from './chat-stand.js';
import { type ChatTerminal, columns } from './chat-terminal.js';
import { postsIn } from './cluster.js';
import { cpuSeconds, residentBytesMax } from './environment.js';
import { atLeast, atMost, type Part, percentile, spread } from './report.js';

const room = '#flood';
const clients = 20;
const floodMs = 1_000;
const letters = 'abcdefghijklmnopqrstuvwxyz';

interface Flood {
  readonly keys: readonly number[];
  readonly cpuMs: number;
  readonly residentMiB: number;
  /** Since the first message was sent. */
  readonly acknowledgedMs: number;
  readonly shownMs: number;
}

export async function flood(
  stand: Stand,
  { floods, messages }: { readonly floods: number; readonly messages: number },
): Promise<Part> {
  const crowd = await Crowd.start(stand.cluster.balancerAddress, room, clients);
  const taken: Flood[] = [];
  for (let i = 0; i < floods; i++) taken.push(await oneFlood(stand, crowd, messages));
  const counted = await postsIn(stand.cluster, room);
  await crowd.stop();
  const keys = taken.flatMap((one) => one.keys);
  const of = (figure: Exclude<keyof Flood, 'keys'>): number[] => taken.map((one) => one[figure]);
  return {
    title: `${messages} messages in a second from ${clients} clients, ${floods} times, each time to a chat just started`,
    rows: [
      spread(`a key shows after ms (${keys.length} keys)`, keys),
      spread("the chat's CPU, ms", of('cpuMs')),
      spread("the chat's RSS at most, MiB", of('residentMiB')),
      spread('all acknowledged after ms', of('acknowledgedMs')),
      spread('the newest on the screen after ms', of('shownMs')),
    ],
    goals: [
      atMost('flood: a key shows, p99 ms', percentile(keys, 99), 50),
      atMost("flood: the chat's CPU, the most of all floods, ms", Math.max(...of('cpuMs')), 1_000),
      atMost("flood: the chat's RSS, the most of all floods, MiB", Math.max(...of('residentMiB')), 150e6 / 2 ** 20),
      atLeast('flood: messages that the room holds', counted, clients + floods * messages),
    ],
  };
}

async function oneFlood(stand: Stand, crowd: Crowd, messages: number): Promise<Flood> {
  const chat = stand.chat(room);
  await connected(chat);
  await pause(500);
  const { pid } = chat;
  const typist = new Typist(chat);
  const startedMs = performance.now();
  const cpuBefore = cpuSeconds(pid);
  const typing = typist.run();
  const newest = await crowd.pour(messages, floodMs);
  const acknowledgedMs = performance.now() - startedMs;
  const shownMs = (await chat.when('the newest message', () => chat.text().includes(newest))) - startedMs;
  const cpuMs = (cpuSeconds(pid) - cpuBefore) * 1_000;
  typist.stop();
  const keys = await typing;
  const residentMiB = residentBytesMax(pid) / 2 ** 20;
  chat.type('\x15');
  await chat.when('an empty input', () => chat.row(inputRow).trimEnd() === prompt.trimEnd());
  await stand.quit(chat);
  return { keys, cpuMs, residentMiB, acknowledgedMs, shownMs };
}

/** Types by the clock, whatever the screen does. */
class Typist {
  readonly #chat: ChatTerminal;
  #isStopped = false;

  constructor(chat: ChatTerminal) {
    this.#chat = chat;
  }

  /** Resolves, once it was stopped and every key was seen, to how long each took, in ms. */
  async run(): Promise<number[]> {
    const chat = this.#chat;
    const shown: Promise<number>[] = [];
    // One row only, so that each character has a cell to be looked for in.
    for (let x = prompt.length; x < columns - 1 && !this.#isStopped; x++) {
      const key = letters[x % letters.length] ?? '';
      const typedMs = chat.type(key);
      shown.push(chat.when(`'${key}'`, () => chat.cell(x, inputRow) === key).then((atMs) => atMs - typedMs));
      await pause(20 + ((x * 7) % 11));
    }
    return await Promise.all(shown);
  }

  stop(): void {
    this.#isStopped = true;
  }
}
