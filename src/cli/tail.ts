/** `synod tail`: prints a room from any of its messages on, once as a fresh read, or for ever with --follow. */
import { ExitError, exitCodes } from '../base/index.js';
import {
  ChatClient,
  configDirectory,
  groupEvents,
  isLockedOut,
  loadIdentity,
  type Operator,
  openOperator,
  type PageQuery,
  passedOverText,
} from '../client/index.js';
import type { EventGroup, Kept, Page } from '../wire/index.js';
import { connectionOptions, eventPrinter } from './chat.js';
import type { Call } from './command.js';
import { clusterLine, type LineEvent } from './events.js';
import { askBalancers } from './members.js';
import { readAddress, readDurationMs, readOrdinal, readRoom } from './values.js';

/** Events asked for at once. */
const pageEvents = 1_000;

interface Wanted {
  readonly room: string;
  /** The number of the first message. */
  readonly from: number;
  /** How many messages at most. */
  readonly limit: number;
  readonly timeoutMs: number;
  /** Direct messages are shown only to those who prove to be one of the two. */
  readonly token: Uint8Array;
}

export async function tail(call: Call): Promise<number> {
  const { options } = call;
  const room = readRoom('--room', options.text('room') ?? '');
  const limit = options.text('limit');
  const wanted: Wanted = {
    room,
    from: readOrdinal('--from', options.text('from') ?? ''),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : readOrdinal('--limit', limit),
    timeoutMs: readDurationMs('--timeout', options.text('timeout') ?? ''),
    token: loadIdentity(configDirectory(call.environment)),
  };
  const printer = new Printer(wanted, eventPrinter(call, room));
  if (options.has('follow')) return follow(call, wanted, printer);
  const operator = await openServer(call, wanted);
  try {
    return await readOnce(call, operator, wanted, printer);
  } finally {
    operator.close();
  }
}

/** Prints what is wanted and counts it: room events belong to what is wanted only between wanted messages. */
class Printer {
  readonly #wanted: Wanted;
  readonly #print: (event: LineEvent) => void;
  #printed = 0;
  /** The number of the first message. */
  #from: number;

  constructor(wanted: Wanted, print: (event: LineEvent) => void) {
    this.#wanted = wanted;
    this.#from = wanted.from;
    this.#print = print;
  }

  /** So many messages were printed as were wanted. */
  get isFull(): boolean {
    return this.#printed >= this.#wanted.limit;
  }

  /** The numbers begin anew: what was wanted from some message on is now wanted from the first one on. */
  beginAnew(): void {
    this.#from = 1;
  }

  take(event: LineEvent): void {
    if (this.isFull) return;
    if (event.event === 'message') {
      if (event.n < this.#from) return;
      this.#printed++;
    } else if (event.event === 'room' && this.#printed === 0 && this.#from > 1) return;
    this.#print(event);
  }
}

/** A connection to `--server`, or to the first server of the balancer's list that answers. */
async function openServer(call: Call, { timeoutMs, token }: Wanted): Promise<Operator> {
  const pinned = call.options.text('server');
  const addresses =
    pinned === undefined
      ? (await askBalancers(connectionOptions(call).balancers, timeoutMs)).servers.map((server) => server.address)
      : [readAddress('--server', pinned)];
  const reasons: string[] = [];
  for (const address of addresses.filter((candidate) => candidate !== '')) {
    const opened = await openOperator({ address, timeoutMs, token });
    if (opened.ok) return opened.answer;
    if (isLockedOut(opened.code)) throw new ExitError(exitCodes.refused, opened.code, opened.text);
    reasons.push(opened.text);
  }
  const text = `no server answers (${reasons.join('; ')}). Are they running? See synod status`;
  throw new ExitError(exitCodes.unreachable, 'NO_SERVER', text);
}

/** Page after page up to the room's end as it stood at the first, which a quorum confirms. */
async function readOnce(call: Call, operator: Operator, wanted: Wanted, printer: Printer): Promise<number> {
  const { room, from } = wanted;
  // From the first message on means from the beginning: the joins before it belong to it.
  const by = from === 1 ? 'event' : 'post';
  let { answer: page, kept } = await ask(operator, {
    room,
    direction: 'from',
    by,
    event: from,
    limit: pageEvents,
    fresh: true,
  });
  /** The number of the next message. */
  let nextN = from;
  const isFresh = page.fresh;
  const head = page.headEvent;
  if (kept?.byRetention !== true)
    noteBeginning(call, room, page.groups[0], by === 'event' ? { event: from } : { post: from });
  for (;;) {
    noteDeleted(call, kept, nextN);
    let next = 0;
    for (const group of page.groups) {
      for (const { index, event } of groupEvents(room, group)) {
        printer.take(event);
        next = group.firstEvent + index + 1;
        if (event.event === 'message') nextN = event.n + 1;
      }
    }
    if (printer.isFull || next === 0 || next > head || call.signal.aborted) break;
    ({ answer: page, kept } = await ask(operator, {
      room,
      direction: 'from',
      by: 'event',
      event: next,
      limit: pageEvents,
      fresh: false,
    }));
  }
  if (isFresh) return exitCodes.ok;
  call.output.note(`${call.program}: no quorum answered: this is what one server has, and it may lack the newest`);
  return exitCodes.unknown;
}

/** What was asked for may be older than what the servers keep. */
function noteBeginning(
  call: Call,
  room: string,
  first: EventGroup | undefined,
  asked: { readonly event?: number; readonly post?: number },
): void {
  if (first === undefined) return;
  const isAll = first.firstEvent <= (asked.event ?? first.firstEvent) && first.firstN <= (asked.post ?? first.firstN);
  if (isAll) return;
  call.output.note(
    `${call.program}: the history of ${room} begins at message ${first.firstN}; older ones are not kept`,
  );
}

/** The room's retention may be faster than whoever reads it. */
function noteDeleted({ output, program }: Call, kept: Kept | undefined, nextN: number): void {
  if (kept?.byRetention !== true) return;
  const messages = kept.firstN - nextN;
  if (messages > 0) output.note(`${program}: ${passedOverText(kept, { events: 0, messages })}`);
}

/** @throws ExitError (3) when the room is refused, (5) when the answer does not come. */
async function ask(operator: Operator, query: PageQuery): Promise<{ answer: Page; kept?: Kept }> {
  const answered = await operator.page(query);
  if (!answered.ok) throw new ExitError(exitCodes.unknown, answered.code, `${answered.text}; try again`);
  const { code } = answered.answer;
  if (code === 'ok') return answered;
  const why = code === 'NOT_ALLOWED' ? 'only the two people of a direct-message room can read it' : code;
  throw new ExitError(exitCodes.refused, code, `${query.room}: ${why}`);
}

/** Follows the room across reroutes; `connected` and the like are printed, as in a chat. */
async function follow(call: Call, wanted: Wanted, printer: Printer): Promise<number> {
  const client = new ChatClient({ token: wanted.token, ...connectionOptions(call) });
  const ended = new Promise<number>((resolve) => {
    call.signal.addEventListener('abort', () => resolve(exitCodes.ok), { once: true });
    client.on('any', (event) => {
      switch (event.event) {
        case 'phase':
        case 'group':
        case 'subscribed':
        case 'direct':
        case 'state':
          return;
        case 'cluster':
          printer.beginAnew();
          return printer.take(clusterLine(event));
        default:
          printer.take(event);
          if (printer.isFull) resolve(exitCodes.ok);
          else if (event.event === 'error' && isRefusal(event.code)) resolve(exitCodes.refused);
      }
    });
  });
  client.connect();
  client.subscribe(wanted.room, await firstEvent(client, wanted));
  const code = await ended;
  await client.close();
  return code;
}

function isRefusal(code: string): boolean {
  return code === 'NOT_ALLOWED' || code === 'BAD_ROOM' || isLockedOut(code);
}

/** Where the wanted message stands; everything is received, and what stands before it not shown, if nobody can tell. */
async function firstEvent(client: ChatClient, { room, from, timeoutMs }: Wanted): Promise<'all' | { event: number }> {
  if (from === 1) return 'all';
  const asked = await client.history({ room, direction: 'from', by: 'post', event: from, limit: 1 }, timeoutMs);
  const group = asked.ok ? asked.answer.groups[0] : undefined;
  return group === undefined ? 'all' : { event: group.firstEvent };
}
