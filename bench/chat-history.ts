/** Part 4: a room with a long history opens, and is read in, as if it had none. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ChatClient } from '../src/client/index.js';
import { connected, promptShown, type Stand } from './chat-stand.js';
import type { ChatTerminal } from './chat-terminal.js';
import { postsIn } from './cluster.js';
import { residentBytes } from './environment.js';
import { Pump } from './pump.js';
import { atLeast, atMost, type Figures, medians, type Part, type Row, spread } from './report.js';

const room = '#history';
const emptyRoom = '#empty';
const starts = 5;
const inFlight = 4_096;
/** After which a chat that was just started does nothing any more. */
const restMs = 1_500;

export async function history(
  stand: Stand,
  { history: messages, pages }: { readonly history: number; readonly pages: number },
): Promise<Part> {
  await fill(stand.cluster.balancerAddress, messages);
  const counted = await postsIn(stand.cluster, room);
  const empty: Opened[] = [];
  const full: Opened[] = [];
  for (let i = 0; i < starts; i++) {
    empty.push(await open(stand, emptyRoom, ''));
    full.push(await open(stand, room, textOf(counted)));
  }
  const [without, withHistory] = [medians(empty), medians(full)];
  const row = (what: string, figure: keyof Opened): Row => ({
    what,
    by: { 'empty room': without[figure], [`${messages} messages`]: withHistory[figure] },
  });
  const read = await readBack(stand, counted, pages);
  return {
    title: `a room with ${messages} messages beside an empty one; medians of ${starts} starts, in turn`,
    rows: [
      row('prompt after ms', 'promptMs'),
      row('newest message after ms', 'newestMs'),
      row('RSS when started, MiB', 'residentMiB'),
      spread(`PageUp ${pages} times, ms each`, read.pagesMs),
      { what: 'RSS then, MiB', by: { [`${messages} messages`]: read.pagedMiB } },
      { what: `/goto ${counted >> 1}, ms`, by: { [`${messages} messages`]: read.gotoMs } },
      { what: 'RSS then, MiB', by: { [`${messages} messages`]: read.goneMiB } },
    ],
    goals: [
      atMost('history: prompt, the slowest, ms', Math.max(...full.map(({ promptMs }) => promptMs)), 1_000),
      atMost('history: RSS, times that in an empty room', withHistory.residentMiB / without.residentMiB, 1.1),
      atLeast('history: messages that the room holds', counted, messages),
    ],
  };
}

type Opened = Figures<'promptMs' | 'newestMs' | 'residentMiB'>;

async function open(stand: Stand, name: string, newest: string): Promise<Opened> {
  const chat = stand.chat(name);
  const promptMs = (await promptShown(chat)) - chat.startedMs;
  await connected(chat);
  const newestMs = newest === '' ? Number.NaN : (await seen(chat, newest)) - chat.startedMs;
  await pause(restMs);
  const residentMiB = residentMiBOf(chat);
  await stand.quit(chat);
  return { promptMs, newestMs, residentMiB };
}

async function readBack(
  stand: Stand,
  counted: number,
  pages: number,
): Promise<{ pagesMs: number[]; pagedMiB: number; gotoMs: number; goneMiB: number }> {
  const chat = stand.chat(room);
  await seen(chat, textOf(counted));
  await pause(restMs);
  const pagesMs: number[] = [];
  for (let i = 0; i < pages; i++) {
    const top = topNumber(chat);
    const typedMs = chat.type('\x1b[5~');
    pagesMs.push((await chat.when('an older page', () => topNumber(chat) < top)) - typedMs);
  }
  const pagedMiB = residentMiBOf(chat);
  const middle = counted >> 1;
  chat.type(`/goto ${middle}`);
  await chat.when('the command', () => chat.text().includes(`/goto ${middle}`));
  const typedMs = chat.type('\r');
  const gotoMs = (await seen(chat, textOf(middle))) - typedMs;
  await pause(restMs);
  const goneMiB = residentMiBOf(chat);
  await stand.quit(chat);
  return { pagesMs, pagedMiB, gotoMs, goneMiB };
}

function seen(chat: ChatTerminal, text: string): Promise<number> {
  return chat.when(text, () => chat.text().includes(text));
}

function residentMiBOf({ pid }: ChatTerminal): number {
  return residentBytes(pid) / 2 ** 20;
}

/** Ends with what no other message's text begins with. */
function textOf(n: number): string {
  return `message ${n}, one of many.`;
}

function topNumber(chat: ChatTerminal): number {
  return Number(/message (\d+), /.exec(chat.text())?.[1] ?? Number.NaN);
}

/** One client writes all, so that the order is known. */
async function fill(balancer: string, messages: number): Promise<void> {
  const token = randomBytes(32);
  const client = new ChatClient({ name: 'chronicler', token, window: inFlight, balancers: [balancer] });
  client.connect();
  const pump = new Pump(client, { inFlight, room: () => room, text: textOf, linesMax: messages });
  const { lost } = await pump.ended;
  if (lost > 0) throw new Error(`${lost} messages failed or are unknown`);
  await client.close(1_000);
}
