/** A room as its reader has it: its lines, what is on its way there, what is unread, what is being typed. */
import { sanitise } from '../../base/index.js';
import { type Editor, emptyEditor, emptyHistory, type History } from '../editor/index.js';
import type { PagePurpose } from './effect.js';
import { type Line, Lines } from './lines.js';
import { isOnItsWay, type Life, type OwnLine } from './own-line.js';

/** The last row to be seen: this row of that line, counted from 0. */
export interface Anchor {
  readonly event: number;
  readonly row: number;
  /** An own line that is in no log yet, by its key: it stands behind all events. */
  readonly ownKey?: number;
}

/** A page of history that is on its way. Another question takes its place: then its answer means nothing. */
export interface Loading {
  readonly ticket: number;
  readonly kind: PagePurpose['kind'];
  /** The event that it must join on to; older: the first one here, newer: behind the last one here. */
  readonly boundary: number;
  /** What was delivered meanwhile and may lie behind the page. */
  readonly arrived: Line[];
}

export class Room {
  readonly name: string;
  topic = '';
  readonly people = new Set<string>();
  readonly lines = new Lines();
  /** The user's own lines that have not come back yet, in the order in which they were typed. */
  own: OwnLine[] = [];
  /** How the user's own posts got into the log, by number; of the last few hundred. */
  readonly lives = new Map<number, Life>();
  /** Who has spoken, and in which event last. */
  readonly speakers = new Map<string, number>();
  /** The highest event that was ever delivered. */
  headEvent = 0;
  headN = 0;
  /** Events up to this one were there when the subscription opened: they ring no bell. */
  replayedTo = 0;
  /** The highest event that was seen, or was there before the user was. */
  readTo = 0;
  unread = 0;
  mentions = 0;
  /** Above which event "new" is drawn. It stays until the room is left. */
  dividerEvent: number | undefined;
  /** Undefined: the newest row is seen. */
  anchor: Anchor | undefined;
  /** Posts that came while the newest row was not seen. */
  newBelow = 0;
  loading: Loading | undefined;
  /** The event because of which a direct room was opened: it is news although it was there before. */
  newsEvent: number | undefined;
  /** It was opened for the first time on any connection. */
  isOpened = false;
  /** The post that was jumped to, or found. */
  markedN = 0;
  editor: Editor = emptyEditor;
  history: History = emptyHistory;

  constructor(name: string) {
    this.name = name;
  }

  get isDirect(): boolean {
    return this.name.startsWith('@');
  }

  /** Its events are another cluster's from now on; what the user typed, and what only he sees, stays. */
  beginAnew(): void {
    this.topic = '';
    this.people.clear();
    this.lines.replace([], true, false);
    this.lives.clear();
    this.speakers.clear();
    this.headEvent = 0;
    this.headN = 0;
    this.replayedTo = 0;
    this.readTo = 0;
    this.unread = 0;
    this.mentions = 0;
    this.dividerEvent = undefined;
    this.anchor = undefined;
    this.newBelow = 0;
    this.loading = undefined;
    this.newsEvent = undefined;
    this.isOpened = false;
    this.markedN = 0;
  }

  /** Own lines that are neither committed, nor known to have failed, nor given up. */
  get unsent(): number {
    return this.own.filter(isOnItsWay).length;
  }
}

/** What a room is called where it is shown; a direct room by the other person. */
export function roomTitle({ name }: Pick<Room, 'name'>, user: string): string {
  if (!name.startsWith('@')) return sanitise(name);
  const [one = '', other = ''] = name.slice(1).split(',');
  const me = user.toLowerCase();
  // After another name was taken neither is the user's.
  return sanitise(one === me ? `@${other}` : other === me ? `@${one}` : name);
}
