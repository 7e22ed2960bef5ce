/**
 * The stupid twin of the chat's state: strings, plain arrays, one object per message, everything recomputed each time.
 */
import type { ChatLimits } from '../../src/chat/index.js';

export interface TwinMessage {
  readonly kind: 'post' | 'action' | 'join' | 'leave' | 'topic' | 'nick';
  readonly room: string;
  readonly text: string;
}

export interface TwinAnswer {
  readonly session: string;
  readonly seq: number;
  readonly slot: number;
  readonly code: string;
  readonly n: number;
}

export interface TwinEvent {
  readonly slot: number;
  readonly kind: string;
  readonly from: string;
  readonly text: string;
  readonly session: string;
  readonly seq: number;
  /** The number of this post, or of the next one. */
  readonly n: number;
}

export interface TwinSession {
  readonly id: string;
  readonly slot: number;
  readonly index: number;
  readonly nonce: number;
  readonly token: number;
  readonly window: number;
  name: string;
  server: number;
  attachment: number;
  attached: boolean;
  last: number;
  below: number;
  active: number;
  rooms: string[];
  answers: TwinAnswer[];
}

export interface TwinRoom {
  events: TwinEvent[];
  topic: string;
  /** The log clock at each event; when an age was decided first, those that were there are as old as that. */
  times: number[];
  count: number;
  age: number;
  /** The most that `age` ever was: how far times may be off. */
  ageMax: number;
  /** Posts below this one are deleted by a count. */
  n: number;
  /** Events below this one were certainly deleted by earlier policies, or because a name was released. */
  low: number;
  /** No event from this one on was. */
  high: number;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_[]{}^|\\';

function lawfulName(name: string): boolean {
  if (name.length < 1 || name.length > 30) return false;
  return [...name].every((c, i) => letters.includes(c) || (i > 0 && '0123456789-'.includes(c)));
}

function small(name: string): string {
  return [...name].map((c) => ('A' <= c && c <= 'Z' ? c.toLowerCase() : c)).join('');
}

function control(c: string): boolean {
  const code = c.codePointAt(0) as number;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/** The room's one spelling, or "" if there is no such room. */
export function twinRoomName(room: string): string {
  const characters = [...room];
  if (characters[0] === '#') {
    const rest = characters.slice(1);
    const lawful = rest.length >= 1 && rest.length <= 49 && rest.every((c) => c !== ' ' && c !== ',' && !control(c));
    return lawful ? room : '';
  }
  const pair = room.slice(1).split(',');
  if (characters[0] !== '@' || pair.length !== 2 || !pair.every(lawfulName)) return '';
  const folded = pair.map(small).sort();
  return folded[0] === folded[1] ? '' : `@${folded.join(',')}`;
}

type TwinLimits = Pick<ChatLimits, 'messageBytesMax' | 'sessionExpiryMs' | 'sessionWindowMax' | 'sessionsAwayMax'>;

/** The order in which sessions end. */
function byActivity(a: TwinSession, b: TwinSession): number {
  return a.active - b.active || a.slot - b.slot || a.index - b.index;
}

export class Twin {
  readonly limits: TwinLimits;
  slot = 0;
  clock = 0;
  /** How many decisions were judged. */
  decisions = 0;
  sessions: TwinSession[] = [];
  names = new Map<string, { display: string; token: number }>();
  rooms = new Map<string, TwinRoom>();
  /** Names that are blocked, small. */
  blocked = new Set<string>();
  /** Who was told that the name is blocked, or that the session ended by a decision. */
  told: string[] = [];

  constructor(limits: TwinLimits) {
    this.limits = limits;
  }

  begin(elapsedMs: number): string[] {
    this.slot += 1;
    this.told = [];
    this.clock += elapsedMs;
    const dead = this.sessions.filter((s) => s.active + this.limits.sessionExpiryMs <= this.clock).sort(byActivity);
    for (const session of dead) this.#end(session);
    return dead.map((s) => s.id);
  }

  #end(session: TwinSession): void {
    session.attached = false;
    this.#leaveAll(session);
    this.sessions = this.sessions.filter((s) => s !== session);
    this.#leaveIfGone(session.name);
  }

  register(index: number, nonce: number, token: number, name: string, window: number, server: number): string {
    const known = this.sessions.find((s) => s.nonce === nonce);
    if (known !== undefined) {
      if (known.token !== token) return 'BAD_NONCE';
      this.#attach(known, server);
      return 'ok';
    }
    if (!lawfulName(name)) return 'BAD_NAME';
    if (this.blocked.has(small(name))) return 'NAME_BLOCKED';
    const owner = this.names.get(small(name));
    if (owner !== undefined && owner.token !== token) return 'NAME_TAKEN';
    if (owner === undefined) this.names.set(small(name), { display: name, token });
    const session: TwinSession = {
      id: `${this.slot}.${index}`,
      slot: this.slot,
      index,
      nonce,
      token,
      window: Math.min(window, this.limits.sessionWindowMax),
      name: small(name),
      server,
      attachment: 0,
      attached: false,
      last: 0,
      below: 1,
      active: this.clock,
      rooms: [],
      answers: [],
    };
    this.sessions.push(session);
    this.#attach(session, server);
    return 'ok';
  }

  attach(id: string, nonce: number, server: number): string {
    const session = this.find(id);
    if (session === undefined) return 'SESSION_EXPIRED';
    if (session.nonce !== nonce) return 'BAD_NONCE';
    this.#attach(session, server);
    return 'ok';
  }

  /** Gives the sessions that end because their name has too many without a connection. */
  detach(id: string, attachment: number): string[] {
    const session = this.find(id);
    if (session === undefined || !session.attached || session.attachment !== attachment) return [];
    session.active = this.clock;
    session.attached = false;
    this.#leaveIfGone(session.name);
    const away = this.sessions.filter((s) => s.name === session.name && !s.attached).sort(byActivity);
    const dead = away.slice(0, Math.max(0, away.length - this.limits.sessionsAwayMax));
    for (const oldest of dead) this.#end(oldest);
    return dead.map((s) => s.id);
  }

  touch(id: string): void {
    const session = this.find(id);
    if (session !== undefined) session.active = this.clock;
  }

  run(id: string, nonce: number, first: number, below: number, messages: readonly TwinMessage[]): TwinAnswer[] {
    const all = (code: string): TwinAnswer[] =>
      messages.map((_, i) => ({ session: id, seq: first + i, slot: this.slot, code, n: 0 }));
    const session = this.find(id);
    if (session === undefined) return all('SESSION_EXPIRED');
    if (session.nonce !== nonce) return all('BAD_NONCE');
    session.active = this.clock;
    if (first > session.last + 1) return [];
    session.below = Math.max(session.below, Math.min(below, session.last + 1));
    const given: TwinAnswer[] = [];
    const fresh: TwinAnswer[] = [];
    messages.forEach((message, i) => {
      const seq = first + i;
      if (seq <= session.last) {
        const known = session.answers.find((a) => a.seq === seq && seq >= session.below);
        if (known !== undefined) given.push(known);
        return;
      }
      const { code, n } = this.#execute(session, seq, message);
      const answer = { session: id, seq, slot: this.slot, code, n };
      session.last = seq;
      session.answers.push(answer);
      fresh.push(answer);
    });
    session.below = Math.max(session.below, session.last + 1 - this.limits.sessionWindowMax);
    return [...given, ...fresh];
  }

  /** What became of a decision made on the basis of so many, and the sessions that end by it. */
  decide(basis: number, judge: () => string | [string, string[]]): { decided: string[]; ended: string[] } {
    if (basis !== this.decisions) return { decided: ['changed'], ended: [] };
    this.decisions += 1;
    const judged = judge();
    const [outcome, ended] = typeof judged === 'string' ? [judged, []] : judged;
    return { decided: [outcome], ended };
  }

  retain(wish: string, count: number, age: number): string {
    const name = twinRoomName(wish);
    if (name === '') return 'badRoom';
    const room = this.rooms.get(name);
    if (room === undefined) return 'noRoom';
    this.#forget(room);
    if (room.age === 0 && age > 0) room.times = room.times.map(() => this.clock);
    room.count = count;
    room.age = age;
    room.ageMax = Math.max(room.ageMax, age);
    this.#count(room);
    return 'ok';
  }

  block(wish: string): string {
    if (!lawfulName(wish)) return 'badName';
    this.blocked.add(small(wish));
    for (const session of this.#sessionsOf(small(wish))) {
      this.#leaveAll(session);
      this.told.push(`${session.id} NAME_BLOCKED`);
    }
    return 'ok';
  }

  unblock(wish: string): string {
    if (!lawfulName(wish)) return 'badName';
    return this.blocked.delete(small(wish)) ? 'ok' : 'notBlocked';
  }

  /** Gives what became of it and the sessions that end. */
  release(wish: string): [string, string[]] {
    const fault = this.#claimFault(wish);
    if (fault !== '') return [fault, []];
    const ended = this.#endAll(small(wish));
    for (const [name, room] of this.rooms) {
      if (!name.startsWith('@') || !name.slice(1).split(',').includes(small(wish))) continue;
      room.low = room.events.length + 1;
      room.high = room.low;
    }
    this.names.delete(small(wish));
    return ['ok', ended];
  }

  recover(wish: string, token: number): [string, string[]] {
    const fault = this.#claimFault(wish);
    if (fault !== '') return [fault, []];
    const ended = this.#endAll(small(wish));
    this.names.set(small(wish), { display: this.display(small(wish)), token });
    return ['ok', ended];
  }

  #claimFault(wish: string): string {
    if (!lawfulName(wish)) return 'badName';
    return this.names.has(small(wish)) ? '' : 'unclaimed';
  }

  #endAll(name: string): string[] {
    return this.#sessionsOf(name).map((session) => {
      this.told.push(`${session.id} SESSION_EXPIRED`);
      this.#end(session);
      return session.id;
    });
  }

  #sessionsOf(name: string): TwinSession[] {
    const all = this.sessions.filter((session) => session.name === name);
    return all.sort((a, b) => a.slot - b.slot || a.index - b.index);
  }

  /** What a count deletes as the room stands. */
  #count(room: TwinRoom): void {
    const posts = room.events.filter(({ kind }) => kind === 'post' || kind === 'action').length;
    if (room.count > 0) room.n = Math.max(room.n, posts - room.count + 1);
  }

  /** What an age has deleted by now stays deleted under another policy. */
  #forget(room: TwinRoom): void {
    const { from, upto } = this.deleted(room);
    room.low = from;
    room.high = upto;
  }

  /** The first event that is there is one of these; times are noted in steps, coarser ones after many changes. */
  deleted(room: TwinRoom): { from: number; upto: number } {
    const older = (ms: number) => (room.age === 0 ? 0 : room.times.filter((time) => this.clock - time >= ms).length);
    const slackMs = (4 * room.ageMax) / 64 + 4;
    return {
      from: Math.max(room.low, older(room.age + slackMs) + 1),
      upto: Math.max(room.high, older(room.age) + 1),
    };
  }

  find(id: string): TwinSession | undefined {
    return this.sessions.find((s) => s.id === id);
  }

  display(folded: string): string {
    return this.names.get(folded)?.display ?? '';
  }

  people(room: string): string[] {
    const present = new Set(this.sessions.filter((s) => s.rooms.includes(room)).map((s) => s.name));
    return [...present].sort().map((name) => this.display(name));
  }

  mayRead(room: string, token: number): boolean {
    const name = twinRoomName(room);
    if (name === '') return false;
    if (name.startsWith('#')) return true;
    return name
      .slice(1)
      .split(',')
      .some((half) => this.names.get(half)?.token === token);
  }

  #attach(session: TwinSession, server: number): void {
    session.active = this.clock;
    session.server = server;
    session.attachment += 1;
    session.attached = true;
  }

  #execute(session: TwinSession, seq: number, { kind, room, text }: TwinMessage): { code: string; n: number } {
    const refuse = (code: string) => ({ code, n: 0 });
    if (this.blocked.has(session.name)) return refuse('NAME_BLOCKED');
    if (kind === 'nick') return refuse(this.#nick(session, seq, text));
    const name = twinRoomName(room);
    if (name === '') return refuse('BAD_ROOM');
    if (!this.mayRead(name, session.token)) return refuse('NOT_ALLOWED');
    if (Buffer.byteLength(text) > this.limits.messageBytesMax) return refuse('TOO_LONG');
    const isPost = kind === 'post' || kind === 'action';
    if ([...text].some((c) => control(c) && !(isPost && c === '\n'))) return refuse('BAD_TEXT');
    if (isPost) return { code: 'ok', n: this.#event(name, kind, session, seq, this.display(session.name), text) };
    if (kind === 'topic') {
      this.#event(name, kind, session, seq, this.display(session.name), text);
      (this.rooms.get(name) as TwinRoom).topic = text;
      return refuse('ok');
    }
    if (text !== '') return refuse('BAD_TEXT');
    const there = this.people(name).length;
    if (kind === 'join') {
      if (!session.rooms.includes(name)) session.rooms.push(name);
    } else session.rooms = session.rooms.filter((r) => r !== name);
    if (this.people(name).length !== there) {
      this.#event(name, kind, session, seq, this.display(session.name), '');
    }
    return refuse('ok');
  }

  #nick(session: TwinSession, seq: number, wish: string): string {
    if (!lawfulName(wish)) return 'BAD_NAME';
    if (this.blocked.has(small(wish))) return 'NAME_BLOCKED';
    const owner = this.names.get(small(wish));
    if (owner !== undefined && owner.token !== session.token) return 'NAME_TAKEN';
    const shown = this.display(session.name);
    if (shown === wish) return 'ok';
    this.names.set(small(wish), { display: wish, token: session.token });
    const old = session.name;
    session.name = small(wish);
    for (const room of [...session.rooms].sort()) this.#event(room, 'nick', session, seq, shown, wish);
    if (old !== session.name) this.#leaveIfGone(old);
    return 'ok';
  }

  /** Adds an event; gives the post's number, or that of the next post. */
  #event(room: string, kind: string, session: TwinSession, seq: number, from: string, text: string): number {
    if (!this.rooms.has(room)) {
      this.rooms.set(room, { events: [], topic: '', times: [], count: 0, age: 0, ageMax: 0, n: 1, low: 1, high: 1 });
    }
    const { events, times } = this.rooms.get(room) as TwinRoom;
    const n = events.filter((e) => e.kind === 'post' || e.kind === 'action').length + 1;
    events.push({ slot: this.slot, kind, from, text, session: session.id, seq, n });
    times.push(this.clock);
    this.#count(this.rooms.get(room) as TwinRoom);
    return n;
  }

  #leaveAll(session: TwinSession): void {
    for (const room of [...session.rooms].sort()) {
      const before = this.people(room).length;
      session.rooms = session.rooms.filter((r) => r !== room);
      if (this.people(room).length < before) {
        this.#event(room, 'leave', session, 0, this.display(session.name), '');
      }
    }
  }

  #leaveIfGone(name: string): void {
    const namesakes = this.sessions.filter((s) => s.name === name);
    if (namesakes.some((s) => s.attached)) return;
    for (const session of namesakes) this.#leaveAll(session);
  }
}
