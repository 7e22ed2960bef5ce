/** Everything that can happen to the chat, in one type. */
import type { Asked, ClientEvent } from '../../client/index.js';
import type { Page, Standing, Status } from '../../wire/index.js';
import type { PagePurpose } from './effect.js';
import type { FaultAnswer } from './faults.js';

/** A key by its name, as the table of keys has it; `text`: what it types. */
export interface Key {
  readonly name: string;
  readonly text?: string;
}

export type Input =
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'wheel'; readonly up: boolean }
  | { readonly kind: 'click'; readonly row: number; readonly column: number }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'client'; readonly event: ClientEvent }
  /** The client library has the line of this key now, under this id. */
  | { readonly kind: 'submitted'; readonly key: number; readonly id: number }
  | { readonly kind: 'page'; readonly room: string; readonly purpose: PagePurpose; readonly asked: Asked<Page> }
  | { readonly kind: 'found'; readonly room: string; readonly n: number | undefined; readonly text: string }
  | { readonly kind: 'status'; readonly asked: Asked<Status> }
  | { readonly kind: 'faults'; readonly answer: FaultAnswer; readonly isAsked: boolean }
  /** A few times a second: what only the client library knows. */
  | {
      readonly kind: 'tick';
      readonly standing: Standing | undefined;
      readonly contactAgeMs: number | undefined;
      readonly queued: number;
      readonly name: string;
    }
  /** A word from the program around the chat. */
  | { readonly kind: 'note'; readonly text: string };

/** When it happened. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}
