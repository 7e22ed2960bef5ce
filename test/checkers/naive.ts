/** The checker's stupid twin: the same verdict from the definitions alone, quadratic or worse, for small histories. */
import type { Entry, History, Send } from './history.js';

/** True if the history can have come from one append-only list. */
export function naiveIsGood(history: History): boolean {
  const held: Entry[] = [
    ...history.servers.flatMap((log) => log.entries),
    ...history.streams.flatMap((stream) => stream.deliveries),
  ];
  const end = Math.max(0, ...held.map((entry) => entry.position));
  const sentBy = (entry: Entry): Send | undefined =>
    history.sends.find((send) => send.text === entry.text && send.author === entry.author);

  for (const a of history.sends) {
    for (const b of history.sends) {
      if (a !== b && (a.text === b.text || (a.session === b.session && a.seq === b.seq))) return false;
    }
  }
  for (let position = 1; position <= end; position++) {
    if (!held.some((entry) => entry.position === position)) return false;
  }
  for (const a of held) {
    if (!Number.isSafeInteger(a.position) || a.position < 1 || sentBy(a) === undefined) return false;
    for (const b of held) {
      const same = a.text === b.text && a.slot === b.slot && a.author === b.author;
      if (a.position === b.position && !same) return false;
      if (a.position < b.position && (a.slot > b.slot || a.text === b.text)) return false;
    }
  }
  const where = (send: Send): Entry | undefined => held.find((entry) => entry.text === send.text);
  for (const send of history.sends) {
    const entry = where(send);
    if (send.outcome === 'ok' && (entry?.position !== send.position || entry.slot !== send.slot)) return false;
    if (send.outcome === 'no' && entry !== undefined) return false;
    for (const earlier of history.sends) {
      if (earlier.session !== send.session || earlier.seq >= send.seq || entry === undefined) continue;
      const before = where(earlier);
      if (before === undefined ? earlier.outcome !== 'no' : before.position > entry.position) return false;
    }
  }
  const sightings = [
    ...history.sends
      .filter((send) => send.outcome === 'ok')
      .map((send) => ({ length: send.position, atMs: send.ackMs })),
    ...history.streams.flatMap((s) =>
      s.deliveries.map((delivery) => ({ length: delivery.position, atMs: delivery.atMs })),
    ),
    ...history.reads.map((read) => ({ length: read.length, atMs: read.returnMs })),
  ];
  for (const { length, atMs } of sightings) {
    if (length > end) return false;
    for (const entry of held) {
      if (entry.position <= length && atMs < (sentBy(entry)?.invokeMs ?? 0)) return false;
    }
    for (const read of history.reads) {
      if (atMs < read.invokeMs && read.length < length) return false;
    }
  }
  const rises = (entries: readonly Entry[], from: number, last: number | undefined): boolean =>
    entries.every((entry, index) => entry.position === from + index) &&
    (last === undefined || from + entries.length - 1 >= last);
  return (
    history.servers.every((log) => rises(log.entries, 1, end)) &&
    history.streams.every((stream) => {
      const from = stream.from ?? stream.deliveries[0]?.position ?? end + 1;
      return rises(stream.deliveries, from, stream.reachesEnd ? end : undefined);
    })
  );
}
