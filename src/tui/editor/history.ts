/** What was sent before, to walk through from the line being written and back to it. */

/** Texts sent, and where a walk through them stands. */
export interface History {
  /** Oldest first, at most `entriesMax`. */
  readonly entries: readonly string[];
  /** Index of the entry being looked at; the number of entries while it is the draft. */
  readonly position: number;
  /** What was being written when the walk began. */
  readonly draft: string;
}

export const emptyHistory: History = { entries: [], position: 0, draft: '' };

const entriesMax = 500;

/** With the text as its newest entry, unless it is blank or the newest already; a walk through the history ends. */
export function remember(history: History, text: string): History {
  const isNew = text.trim() !== '' && text !== history.entries.at(-1);
  const entries = isNew ? [...history.entries, text].slice(-entriesMax) : history.entries;
  return { entries, position: entries.length, draft: '' };
}

/** A step back, and the text to show; undefined at the oldest. `current` is the text shown now: a draft is kept. */
export function older(history: History, current: string): { history: History; text: string } | undefined {
  const position = history.position - 1;
  const text = history.entries[position];
  if (text === undefined) return undefined;
  const draft = history.position === history.entries.length ? current : history.draft;
  return { history: { ...history, position, draft }, text };
}

/** A step towards the present, whose last one brings the draft back; undefined if that is shown already. */
export function newer(history: History): { history: History; text: string } | undefined {
  if (history.position === history.entries.length) return undefined;
  const position = history.position + 1;
  return { history: { ...history, position }, text: history.entries[position] ?? history.draft };
}
