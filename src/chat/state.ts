/** The replicated state machine of the chat: what the log's entries do to names, sessions and rooms. */
import { InvariantError } from '../base/assert.js';
import type { ServerId, SessionId, Slot } from '../wire/types.js';
import type {
  Applied,
  ChatOptions,
  Dirty,
  PageReader,
  PageRequest,
  ResumeCheck,
  RoomView,
  Row,
  SessionView,
} from './types.js';

const soon = (): never => {
  throw new InvariantError('the chat state is being written');
};

export class ChatState {
  readonly options: ChatOptions;
  constructor(options: ChatOptions = {}) {
    this.options = options;
  }
  /** The last applied slot, 0 before the first. */
  get applied(): Slot {
    return soon();
  }
  /** H(applied), 8 bytes, a copy. */
  get hash(): Uint8Array {
    return soon();
  }
  /** Sum of the elapsed times of all entries applied, milliseconds. */
  get logClockMs(): number {
    return soon();
  }
  /** Applies the chosen value of `slot`, which must be applied + 1. Never throws on what the value holds. */
  apply(_slot: Slot, _value: Uint8Array): Applied {
    return soon();
  }
  session(_id: SessionId): SessionView | undefined {
    return soon();
  }
  /** Sessions that are attached to `server`, so that a restarted one can detach those that do not come back. */
  sessionsOf(_server: ServerId): SessionView[] {
    return soon();
  }
  checkResume(_id: SessionId, _nonce: Uint8Array): ResumeCheck {
    return soon();
  }
  /** The token hash that owns a name (compared without ASCII case), if anybody claimed it. */
  nameOwner(_name: string): Uint8Array | undefined {
    return soon();
  }
  /** How a room stands, or undefined if that is no room's name. */
  room(_room: string): RoomView | undefined {
    return soon();
  }
  /** Whether whoever proved the token behind `tokenHash` may read (and post to) the room. */
  mayRead(_room: string, _tokenHash: Uint8Array | undefined): boolean {
    return soon();
  }
  /** Begins a page of a room's history; undefined if that is no room's name. */
  page(_room: string, _request: PageRequest): PageReader | undefined {
    return soon();
  }
  /** The rows changed since the last call. Until `stored` the index rows among them are still served from memory. */
  takeDirty(): Dirty {
    return soon();
  }
  /** The batch of the last `takeDirty` is on disk: what it holds may leave memory. */
  stored(): void {
    soon();
  }
  /** The key ranges whose rows `load` wants, in this order. */
  static readonly loadRanges: readonly { readonly low: Uint8Array; readonly high: Uint8Array }[] = [];
  /** Fills an empty state with the rows of a checkpoint; throws `DamagedRow` if they are not what was written. */
  load(_rows: Iterable<Row>): void {
    soon();
  }
  /** Every live row in key order, except index rows that have left memory (they stand in the store). */
  snapshot(): Row[] {
    return soon();
  }
}
