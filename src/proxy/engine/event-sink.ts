/** Pours events into a stream, a JSON object a line; a reader that is too slow misses some and is told how many. */
import type { Writable } from 'node:stream';
import type { EventName, Hub, ProxyEvent } from './hub.js';

/** What may wait for a slow reader, in bytes. */
const waitingBytesMax = 4 << 20;

/** Begins at once; the returned function ends it. */
export function pourEvents(hub: Hub, names: readonly EventName[], into: Writable): () => void {
  let missed = 0;
  return hub.listen(names, (event: ProxyEvent) => {
    if (into.writableLength > waitingBytesMax) {
      missed++;
      return;
    }
    if (missed > 0) into.write(`${JSON.stringify({ t: event.t, event: 'missed', count: missed })}\n`);
    missed = 0;
    into.write(`${JSON.stringify(event)}\n`);
  });
}
