/** A room as its reader has it: its lines, what is on its way there, what is unread, what is being typed. */
import { type Editor, emptyEditor, emptyHistory, type History } from '../editor/index.js';
import { Lines } from './lines.js';
import type { OwnLine } from './own-line.js';

/** The last row to be seen: this row of that line, counted from 0. */
export interface Anchor {
  readonly event: number;
  readonly row: number;
}

export class Room {
  readonly name: string;
  topic = '';
  readonly people = new Set<string>();
  readonly lines = new Lines();
  /** The user's own lines that have not come back yet, in the order in which they were typed. */
  own: OwnLine[] = [];
  /** Who has spoken, the last one at the end. */
  readonly speakers = new Set<string>();
  /** The highest event that was ever delivered. */
  headEvent = 0;
  headN = 0;
  /** Events up to this one were there when the subscription opened: they ring no bell. */
  replayedTo = 0;
  /** The highest event that was seen, or was there before the user was. */
  readTo = 0;
  unread = 0;
  mentions = 0;
  /** Above which event "new" is drawn; 0 for nowhere. It stays until the room is left. */
  dividerEvent = 0;
  /** Undefined: the newest row is seen. */
  anchor: Anchor | undefined;
  /** Posts that came while the newest row was not seen. */
  newBelow = 0;
  /** A page is on its way. */
  isLoading = false;
  /** What was there before the user was is history, not news; but not in a room that opens because somebody wrote. */
  opensAsRead = true;
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

  /** Own lines that are neither committed nor known to have failed. */
  get unsent(): number {
    return this.own.filter(({ state }) => state !== 'committed' && state !== 'failed').length;
  }
}
