/** What the chat can do to the links between servers, as the program that has a fault proxy provides it. */

/** What the chat can do to the links between servers, through a fault proxy's control API. */
export type FaultAction =
  | { readonly kind: 'cut'; readonly a: string; readonly b: string; readonly oneWay: boolean }
  | { readonly kind: 'delay'; readonly a: string; readonly b: string; readonly time: string }
  | { readonly kind: 'loss'; readonly a: string; readonly b: string; readonly share: string }
  | { readonly kind: 'heal' };

/** One direction of a link. `from` and `to` are a server's number or `client`. */
export interface FaultLink {
  readonly from: string;
  readonly to: string;
  readonly connections: number;
  /** Frames that wait now. */
  readonly held: number;
  /** Frames ever dropped. */
  readonly dropped: number;
  /** Frames ever delayed. */
  readonly delayed: number;
  /** The ids of the rules that mean this link. */
  readonly rules: readonly string[];
}

export interface FaultState {
  /** `text` is the whole rule as people read it; it begins with the id. */
  readonly rules: readonly { readonly id: string; readonly text: string }[];
  readonly links: readonly FaultLink[];
  /** Toxics that are set, as `proxy/name`. */
  readonly toxics: readonly string[];
}

/** `text` is one line, safe to print: what was done, or what went wrong and what to do next. */
export type FaultAnswer =
  | { readonly ok: true; readonly text: string; readonly state: FaultState }
  | { readonly ok: false; readonly text: string };

/** Never rejects. */
export interface FaultControl {
  read(): Promise<FaultAnswer>;
  act(action: FaultAction): Promise<FaultAnswer>;
}
