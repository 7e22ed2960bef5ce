/** Everything that can happen to the chat, in one type. */
import type { Asked, ClientEvent, SessionState } from '../../client/index.js';
import type { Page, Standing, Status } from '../../wire/index.js';
import type { PagePurpose } from './effect.js';
import type { FaultAnswer } from './faults.js';

/**
 * A key: `Enter`, `C-a`, `M-Left`, or `text` for what is typed. Modifiers come in the order `C-`, `M-`, `S-`; a
 * letter's shift is the letter itself, as in `M-B`.
 */
export interface Key {
  readonly name: string;
  /** What was typed, of at least one code point and without control characters; only with the name `text`. */
  readonly text?: string;
}

/** Rows and columns count from 0. */
export type TerminalInput =
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'wheel'; readonly up: boolean }
  | { readonly kind: 'click'; readonly row: number; readonly column: number };

export type Input =
  | TerminalInput
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'client'; readonly event: ClientEvent }
  /** The name or the session has changed. */
  | { readonly kind: 'session'; readonly name: string; readonly state: SessionState | undefined }
  /** The client library has the line of this key now, under this id. */
  | { readonly kind: 'submitted'; readonly key: number; readonly id: number }
  | {
      readonly kind: 'page';
      readonly room: string;
      readonly ticket: number;
      readonly purpose: PagePurpose;
      readonly asked: Asked<Page>;
    }
  | { readonly kind: 'found'; readonly room: string; readonly n: number | undefined; readonly text: string }
  | { readonly kind: 'status'; readonly asked: Asked<Status> }
  | { readonly kind: 'faults'; readonly answer: FaultAnswer; readonly isAsked: boolean }
  /** A few times a second: what only the client library knows. */
  | {
      readonly kind: 'tick';
      readonly standing: Standing | undefined;
      readonly contactAgeMs: number | undefined;
    }
  /** A word from the program around the chat. */
  | { readonly kind: 'note'; readonly text: string };

/** When it happened. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}
