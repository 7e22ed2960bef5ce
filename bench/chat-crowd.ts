/** Many people who write into a room by the clock. */
import { randomBytes } from 'node:crypto';
import { ChatClient } from '../src/client/index.js';
import { nowMs, within } from '../test/support/until.js';

const textLength = 60;
/** Every ninth message is not plain ASCII. */
const plain = 'the quick brown fox jumps over the lazy dog, twice a day';
const colourful = 'schöne Grüße an alle 👋 und bis morgen, 再见, à bientôt';

export class Crowd {
  readonly #clients: readonly ChatClient[];
  readonly #room: string;
  #poured = 0;

  private constructor(clients: readonly ChatClient[], room: string) {
    this.#clients = clients;
    this.#room = room;
  }

  /** All connected, each with a session and one post in the room. */
  static async start(balancer: string, room: string, count: number): Promise<Crowd> {
    const clients = Array.from(
      { length: count },
      (_, i) => new ChatClient({ name: `crowd${i}`, token: randomBytes(32), window: 256, balancers: [balancer] }),
    );
    for (const client of clients) client.connect();
    const posted = clients.map((client) => post(client, room, 'first').then(({ n }) => n));
    await within('the crowd to be there', 20_000, Promise.all(posted));
    return new Crowd(clients, room);
  }

  /** So many messages, evenly within this time; resolves when all are in the log, to how the newest one begins. */
  async pour(messages: number, overMs: number): Promise<string> {
    const posts: Promise<Posted>[] = [];
    const startedMs = nowMs();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(messages, Math.ceil(((nowMs() - startedMs) / overMs) * messages));
        while (posts.length < due) posts.push(this.#say());
        if (posts.length < messages) return;
        clearInterval(timer);
        resolve();
      }, 1);
    });
    const all = await within('every message to be in the log', 20_000, Promise.all(posts));
    const newest = all.reduce((last, one) => (one.n > last.n ? one : last));
    return newest.text.slice(0, newest.text.indexOf(':') + 1);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close(1_000)));
  }

  #say(): Promise<Posted> {
    const number = ++this.#poured;
    const client = this.#clients[number % this.#clients.length];
    if (client === undefined) throw new Error('a crowd of none');
    return post(client, this.#room, `no ${number}: ${number % 9 === 0 ? colourful : plain}`.slice(0, textLength));
  }
}

interface Posted {
  readonly text: string;
  readonly n: number;
}

function post(client: ChatClient, room: string, text: string): Promise<Posted> {
  return new Promise((resolve, reject) => {
    client.post(room, text, (code, _slot, n) => (code === 'ok' ? resolve({ text, n }) : reject(new Error(code))));
  });
}
