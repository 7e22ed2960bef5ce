/** Compares the raw logs of several servers slot by slot: one value per slot, for ever, everywhere (S1). */

/** One server's chosen slots in rising order; `digest` names the value, equal values have equal digests. */
export interface SlotLog {
  readonly server: string;
  readonly slots: readonly { readonly slot: number; readonly digest: string }[];
}

export interface SlotVerdict {
  readonly ok: boolean;
  readonly problems: readonly string[];
  /** Every server holds all slots from 1 to here. */
  readonly sharedThrough: number;
  /** The highest slot that any server holds. */
  readonly highest: number;
}

const problemsListedMax = 20;

/** Slots must rise by one from 1 on each server (no-ops included), and no two servers may differ in one. */
export function checkSlots(logs: readonly SlotLog[]): SlotVerdict {
  const problems: string[] = [];
  const report = (text: string): void => {
    if (problems.length < problemsListedMax) problems.push(text);
  };
  const chosen = new Map<number, { digest: string; server: string }>();
  let sharedThrough = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (const log of logs) {
    let due = 1;
    for (const { slot, digest } of log.slots) {
      if (slot !== due) report(`server ${log.server} has slot ${slot}, due was ${due}`);
      due = slot + 1;
      const known = chosen.get(slot);
      if (known === undefined) chosen.set(slot, { digest, server: log.server });
      else if (known.digest !== digest) {
        report(`slot ${slot}: server ${known.server} has ${known.digest}, server ${log.server} has ${digest}`);
      }
    }
    sharedThrough = Math.min(sharedThrough, due - 1);
    highest = Math.max(highest, due - 1);
  }
  return {
    ok: problems.length === 0,
    problems,
    sharedThrough: logs.length === 0 ? 0 : sharedThrough,
    highest,
  };
}
