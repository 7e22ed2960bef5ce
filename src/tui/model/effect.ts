/** What the update wants done outside: the runtime does it, and tells what came of it as inputs. */
import type { From, HistoryQuery } from '../../client/index.js';
import type { FaultAction } from './faults.js';

/** What a page of history is for. */
export type PagePurpose =
  | { readonly kind: 'newer' | 'newest' }
  /** `shown`: the post that is to stand in the middle when these stand above it. */
  | { readonly kind: 'older'; readonly shown?: number }
  /** A window around this post, which is then marked. */
  | { readonly kind: 'around'; readonly n: number };

export type Effect =
  /** A line of the user; answered by `submitted` with its key. */
  | {
      readonly kind: 'submit';
      readonly key: number;
      readonly what: 'post' | 'action';
      readonly room: string;
      readonly text: string;
    }
  | { readonly kind: 'join' | 'leave' | 'unsubscribe'; readonly room: string }
  | { readonly kind: 'topic'; readonly room: string; readonly text: string }
  | { readonly kind: 'nick'; readonly name: string }
  /** Takes a queued line back, by the library's id. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'server'; readonly to: string }
  | { readonly kind: 'subscribe'; readonly room: string; readonly from: From }
  | { readonly kind: 'history'; readonly query: HistoryQuery; readonly ticket: number; readonly purpose: PagePurpose }
  /** The number of the first post that is in no earlier slot. */
  | { readonly kind: 'findSlot'; readonly room: string; readonly slot: number }
  /** The number of the first post that is not before the moment that this text means where the reader is. */
  | { readonly kind: 'findTime'; readonly room: string; readonly text: string }
  | { readonly kind: 'status' }
  | { readonly kind: 'faults'; readonly action: FaultAction | undefined }
  | { readonly kind: 'mouse'; readonly isOn: boolean }
  | { readonly kind: 'export'; readonly file: string; readonly lines: readonly string[] }
  | { readonly kind: 'bell' | 'redraw' | 'suspend' | 'quit' };
