/** A line typed here, on its way into the log: what is known of it until it comes back as everybody sees it. */
import type { LineState } from '../../client/index.js';

/** What is known of a line's way into the log when it was sent from here. */
export interface Life {
  /** The leader's ballot, as our server knew it when the commit came. */
  readonly ballot: string;
  /** From Enter to the commit. */
  readonly commitMs: number;
}

export interface OwnLine {
  /** Counts the lines typed here. */
  readonly key: number;
  readonly room: string;
  /** The name it was typed under. */
  readonly from: string;
  readonly what: 'post' | 'action';
  readonly text: string;
  readonly typedMs: number;
  /** When a server had it first. */
  sentMs: number | undefined;
  readonly wallMs: number;
  /** The client library's id, once it has one. */
  id: number | undefined;
  state: LineState;
  /** Since when it is in this state. */
  sinceMs: number;
  reason: string;
  /** With committed: its number in the room. */
  n: number;
  /** Unconfirmed for good: it is not sent again. */
  isGivenUp: boolean;
  /** The user takes it back, if it is not too late. */
  isCancelled: boolean;
}

/** It may still get into the log by itself. */
export function isOnItsWay({ state, isGivenUp }: OwnLine): boolean {
  return state !== 'committed' && state !== 'failed' && !isGivenUp;
}

/** UX.md 2.4: a state in one column, in ASCII, and in words. */
export const stateSigns: Readonly<
  Record<LineState, { readonly glyph: string; readonly ascii: string; readonly word: string }>
> = {
  queued: { glyph: '⋯', ascii: 'q', word: 'queued' },
  sending: { glyph: '…', ascii: '~', word: 'sending' },
  committed: { glyph: '✓', ascii: '.', word: 'committed' },
  unconfirmed: { glyph: '?', ascii: '?', word: 'unconfirmed' },
  failed: { glyph: '✗', ascii: '!', word: 'failed' },
};
