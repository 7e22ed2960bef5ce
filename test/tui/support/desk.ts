/**
 * The chat without terminal, network or clock: keys and the client's news go in, effects and screens come out. Time
 * stands still but for `wait`.
 */
import type { Asked, ClientEvent, From, LineState, Page, SessionState, Standing } from '../../../src/client/index.js';
import type { Effect } from '../../../src/tui/model/effect.js';
import type { FaultState } from '../../../src/tui/model/faults.js';
import type { Frame } from '../../../src/tui/model/frame.js';
import type { Input } from '../../../src/tui/model/input.js';
import { type Look, themes } from '../../../src/tui/model/look.js';
import { type Model, type ModelOptions, newModel } from '../../../src/tui/model/model.js';
import { openingPosts } from '../../../src/tui/model/step.js';
import { update } from '../../../src/tui/model/update.js';
import { view } from '../../../src/tui/model/view.js';
import { type Happening, RoomLog } from './room-log.js';
import { plainRows, styledRows } from './rows.js';

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/** A Monday, 08:12 in UTC, which is where the reader is. */
export const morning = Date.UTC(2026, 10, 23, 8, 12);

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The same in every zone. */
function utc(wallMs: number): { day: string; time: string } {
  const date = new Date(wallMs);
  const day = `${days[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return { day, time: date.toISOString().slice(11, 16) };
}

export function said(from: string, text: string): Happening {
  return { kind: 'post', from, text };
}

export class Desk {
  readonly model: Model;
  /** Everything that was wanted so far and not taken. */
  effects: Effect[] = [];
  readonly logs = new Map<string, RoomLog>();
  nowMs = 100_000;
  wallMs = morning;
  standing: Standing | undefined;
  contactAgeMs: number | undefined;
  /** The name that the client library goes by. */
  name: string;
  #slot = 1_000;
  /** The client library's id of the last line of ours. */
  lastId = 0;

  constructor(options: Partial<ModelOptions> = {}) {
    const { nowMs, wallMs } = this;
    const usual = { columns: 80, rows: 24, name: 'aaron', room: '#lobby', theme: 'dark', isAscii: false } as const;
    this.model = newModel({ nowMs, wallMs, hasFaults: false, ...usual, ...options });
    this.name = this.model.name;
  }

  get look(): Look {
    const { theme, isAscii } = this.model;
    return { theme: themes[theme], isAscii, local: utc };
  }

  /** One input now. A line of the user's gets its id from the client library at once, and is queued there. */
  feed(input: Input): Effect[] {
    const { nowMs, wallMs } = this;
    const effects = update(this.model, input, { nowMs, wallMs }, this.look);
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind !== 'submit') continue;
      this.feed({ kind: 'submitted', key: effect.key, id: ++this.lastId });
      this.state(this.lastId, 'queued', effect.room);
    }
    return effects;
  }

  client(event: ClientEvent): Effect[] {
    return this.feed({ kind: 'client', event });
  }

  /** Presses keys by their names. */
  press(...names: readonly string[]): Effect[] {
    return names.flatMap((name) => this.feed({ kind: 'key', key: { name } }));
  }

  /** Types a text, key by key. */
  type(text: string): void {
    for (const character of text) this.feed({ kind: 'key', key: { name: 'text', text: character } });
  }

  /** Types a line and Enter. Returns what it effects. */
  enter(line: string): Effect[] {
    this.type(line);
    return this.press('Enter');
  }

  /** Says a line; returns the client library's id of it. */
  say(text: string): number {
    this.enter(text);
    return this.lastId;
  }

  paste(text: string): Effect[] {
    return this.feed({ kind: 'paste', text });
  }

  resize(columns: number, rows: number): void {
    this.feed({ kind: 'resize', columns, rows });
  }

  /** Time passes, and the program around the chat looks at the client library. */
  wait(ms = 0): Effect[] {
    this.nowMs += ms;
    this.wallMs += ms;
    const { standing, contactAgeMs } = this;
    return this.feed({ kind: 'tick', standing, contactAgeMs });
  }

  /** Takes the effects of one kind out of those that were wanted so far. */
  take<K extends Effect['kind']>(kind: K): EffectOf<K>[] {
    const taken = this.effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
    this.effects = this.effects.filter((effect) => effect.kind !== kind);
    return taken;
  }

  /** The client library goes by this name now, with a session in this state. */
  session(name: string, state: SessionState): void {
    this.name = name;
    this.feed({ kind: 'session', name, state });
  }

  connect(server = 2, up = 3): void {
    this.client({ event: 'phase', phase: 'dialling' });
    this.client({ event: 'connected', server, address: `localhost:900${server}` });
    this.client({ event: 'quorum', ok: up >= 2, up, servers: 3 });
    const ballot = { round: 7, server: 2, incarnation: 1 };
    const leader = up >= 2 ? 2 : 0;
    this.standing = { type: 'standing', leader, ballot, up, servers: 3, move: false, addresses: [] };
    this.contactAgeMs = 300;
    this.session(this.name, 'open');
    this.wait();
  }

  disconnect(server = 2, reason = 'connection reset', retryInMs = 4_000): void {
    this.standing = undefined;
    this.contactAgeMs = undefined;
    this.client({ event: 'disconnected', server, reason, retryInMs });
    this.client({ event: 'phase', phase: 'waiting' });
    this.wait();
  }

  log(room = '#lobby'): RoomLog {
    const known = this.logs.get(room);
    if (known !== undefined) return known;
    const log = new RoomLog(room);
    this.logs.set(room, log);
    return log;
  }

  /** Something happens in a room before it is opened, or while nothing is delivered. */
  happen(room: string, ...happenings: readonly Happening[]): void {
    this.log(room).add(this.#slot++, this.wallMs, ...happenings);
  }

  /** The subscription opens, as a server opens it, and what is there already is delivered. */
  open(
    room = '#lobby',
    { people = ['aaron', 'ann', 'bob'], topic = '', from = { lastPosts: openingPosts } as From } = {},
  ) {
    const log = this.log(room);
    const nextEvent =
      typeof from === 'string'
        ? from === 'all'
          ? 1
          : log.head + 1
        : 'event' in from
          ? from.event
          : log.posts <= from.lastPosts
            ? 1
            : log.eventOf(log.posts - from.lastPosts + 1);
    const { head: headEvent, posts: headN } = log;
    this.client({ event: 'subscribed', room, nextEvent, headEvent, headN, topic, people });
    for (const group of log.groups(nextEvent, headEvent))
      this.client({ event: 'group', room, group, skip: 0, ids: undefined });
  }

  /** It happens in one slot, and is delivered; `ids`: which of it are lines of ours. */
  deliver(room: string, happenings: readonly Happening[], ids?: ReadonlyMap<number, number>): Effect[] {
    const group = this.log(room).add(this.#slot++, this.wallMs, ...happenings);
    return this.client({ event: 'group', room, group, skip: 0, ids });
  }

  /** The client library's word about a line of ours. */
  state(
    id: number,
    state: LineState,
    room = '#lobby',
    more: { slot?: number; n?: number; reason?: string } = {},
  ): Effect[] {
    return this.client({ event: 'state', id, state, room, ...more });
  }

  /** A line of ours is chosen: first the delivery, or first the acknowledgement. */
  commit(id: number, text: string, first: 'delivery' | 'ack' = 'delivery', room = '#lobby'): void {
    const { head, posts } = this.log(room);
    const slot = this.#slot;
    const ack = (): unknown => this.state(id, 'committed', room, { slot, n: posts + 1 });
    if (first === 'ack') ack();
    this.deliver(room, [said(this.name, text)], new Map([[0, id]]));
    if (first === 'delivery') ack();
    if (this.log(room).head !== head + 1) throw new Error('one event is one line');
  }

  /** Says a line that goes through at once. */
  saySafely(text: string, room = '#lobby'): void {
    const id = this.say(text);
    this.state(id, 'sending', room);
    this.wait(4);
    this.commit(id, text, 'ack', room);
  }

  /** The answer to one question about history, by default from the room's log. */
  answer({ query, ticket, purpose }: EffectOf<'history'>, asked?: Asked<Page>): Effect[] {
    const { room } = query;
    const answer = asked ?? { ok: true, answer: this.log(room).page(query) };
    return this.feed({ kind: 'page', room, ticket, purpose, asked: answer });
  }

  /** Answers what was asked of history from the rooms' logs, until nothing more is asked. Returns how often. */
  answerHistory(): number {
    let count = 0;
    for (let asked = this.take('history'); asked.length > 0; asked = this.take('history')) {
      for (const one of asked) this.answer(one);
      count += asked.length;
    }
    return count;
  }

  faults(state: FaultState, text = '', isAsked = false): void {
    this.feed({ kind: 'faults', answer: { ok: true, text, state }, isAsked });
  }

  frame(): Frame {
    return view(this.model, this.look);
  }

  /** The screen as text, each row filled to the width. */
  rows(): string[] {
    return plainRows(this.frame(), this.model.columns);
  }

  /** The rows without blanks at their ends. */
  text(): string[] {
    return this.rows().map((row) => row.trimEnd());
  }

  /** The screen with its styles. */
  styled(): string[] {
    return styledRows(this.frame());
  }

  get status(): string {
    const { rows, columns } = this.model;
    return this.text().at(-2) ?? `no row ${rows} at ${columns} columns`;
  }

  get input(): string {
    return this.model.room.editor.text;
  }
}
