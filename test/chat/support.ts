/** Shared by the chat's tests: a log to apply, a store in a map, and reading pages from both. */
import {
  type ChatOptions,
  ChatState,
  type Dirty,
  type PageReader,
  type PageRequest,
  type Row,
  type RowRange,
} from '../../src/chat/index.js';
import {
  type EventGroup,
  encodeEntry,
  encodeRun,
  noopEntry,
  type RunMessage,
  registerItem,
  runItem,
  type SessionId,
} from '../../src/wire/index.js';

/** 16 bytes that stand for the nonce number `n`. */
export function nonce(n: number): Buffer {
  return Buffer.alloc(16, n + 1);
}

/** 32 bytes that stand for the hash of the token number `n`. */
export function token(n: number): Buffer {
  return Buffer.alloc(32, n + 101);
}

/** A state store in a map. */
export class MapStore {
  readonly rows = new Map<string, Row>();

  write({ puts, deletes }: Pick<Dirty, 'puts' | 'deletes'>): void {
    for (const row of puts) this.rows.set(Buffer.from(row.key).toString('latin1'), row);
    for (const key of deletes) this.rows.delete(Buffer.from(key).toString('latin1'));
  }

  range({ from, to, reverse, limit }: RowRange): Row[] {
    const inside = [...this.rows.values()].filter(
      ({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0,
    );
    inside.sort((a, b) => Buffer.compare(a.key, b.key));
    if (reverse) inside.reverse();
    return inside.slice(0, limit);
  }

  /** A state that begins where the last checkpoint stands. */
  restart(options: ChatOptions = {}): ChatState {
    const state = new ChatState(options);
    const rows = ChatState.loadRanges.flatMap(({ from, to }) =>
      this.range({ from, to, reverse: false, limit: Number.MAX_SAFE_INTEGER }),
    );
    state.load(rows);
    return state;
  }
}

/** A state, its store and its log, slot 1 first. */
export class Bench {
  state: ChatState;
  readonly store = new MapStore();
  readonly log: Buffer[] = [];
  readonly options: ChatOptions;

  constructor(options: ChatOptions = {}) {
    this.options = options;
    this.state = new ChatState(options);
  }

  /** Applies one entry with these items. */
  apply(items: readonly Uint8Array[], elapsedMs = 0) {
    const stamp = { elapsedMs, wallMs: 1_700_000_000_000 + this.log.length };
    return this.applyValue(items.length === 0 ? noopEntry(stamp) : encodeEntry(stamp, items));
  }

  applyValue(value: Buffer) {
    this.log.push(value);
    return this.state.apply(this.log.length, value);
  }

  /** Registers and gives the session's id. */
  register(n: number, name: string, tokenNumber = n, server = 1): SessionId {
    const item = registerItem({ nonce: nonce(n), window: 64, server, tokenHash: token(tokenNumber), name });
    const made = this.apply([item]).registrations[0];
    if (made?.code !== 'ok') throw new Error(`register answered ${made?.code}`);
    return made.session;
  }

  /** The item of a run. */
  run(session: SessionId, n: number, firstSeq: number, messages: readonly RunMessage[], answeredBelow = 1): Buffer {
    return runItem(encodeRun({ session, nonce: nonce(n), firstSeq, answeredBelow }, messages));
  }

  checkpoint(): void {
    this.store.write(this.state.takeDirty());
    this.state.stored();
  }

  page(room: string, request: PageRequest, bytesMax?: number): EventGroup[] {
    const page = this.state.page(room, request);
    if (page === undefined) throw new Error(`${room} is no room`);
    return readPage(page, this.store, this.log, bytesMax);
  }
}

/** Reads rows as long as the asker wants some. */
export function readRows(asker: Pick<PageReader, 'nextRange' | 'addRows'>, store: MapStore): void {
  for (let range = asker.nextRange(); range !== undefined; range = asker.nextRange()) asker.addRows(store.range(range));
}

export function readPage(page: PageReader, store: MapStore, log: readonly Buffer[], bytesMax?: number): EventGroup[] {
  readRows(page, store);
  for (const slot of page.slots()) if (!page.take(slot, log[slot - 1] ?? Buffer.alloc(0))) break;
  return page.finish(bytesMax);
}

export function post(room: string, text: string): RunMessage {
  return { kind: 'post', room, text };
}

export function say(kind: RunMessage['kind'], room: string, text = ''): RunMessage {
  return { kind, room, text };
}

/** Everything in the groups as flat events with their numbers, the numbers checked on the way. */
export function flatten(groups: readonly EventGroup[]) {
  return groups.flatMap((group) => {
    let n = group.firstN;
    return group.events.map((event, i) => {
      const isPost = event.kind === 'post' || event.kind === 'action';
      const flat = {
        event: group.firstEvent + i,
        slot: group.slot,
        kind: event.kind,
        from: event.from,
        text: event.text,
        session: `${event.session.slot}.${event.session.index}`,
        seq: event.seq,
        n,
      };
      if (isPost) n += 1;
      return flat;
    });
  });
}
