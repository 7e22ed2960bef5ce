/** A process that writes 4 KiB into a zero-filled file and syncs, over and over, and tells its median. */
import * as fs from 'node:fs';
import { createHistogram } from 'node:perf_hooks';

const pageBytes = 4096;
const fileBytes = 32 * 2 ** 20;

/** What the process tells when it is done; before that a first, empty message says that it is ready. */
export interface FloorSyncs {
  readonly p50Us: number;
}

const fd = fs.openSync(process.argv[2] ?? '', 'w+');
fs.writeSync(fd, Buffer.alloc(fileBytes), 0, fileBytes, 0);
fs.fsyncSync(fd);
process.send?.({});
process.once('disconnect', () => process.exit(0));
process.once('message', (seconds: number) => {
  const page = Buffer.alloc(pageBytes, 1);
  const histogram = createHistogram();
  const endMs = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < endMs; at = (at + pageBytes) % fileBytes) {
    const startNs = process.hrtime.bigint();
    fs.writeSync(fd, page, 0, pageBytes, at);
    fs.fdatasyncSync(fd);
    histogram.record(Math.max(1, Number(process.hrtime.bigint() - startNs)));
  }
  process.send?.({ p50Us: histogram.percentile(50) / 1000 } satisfies FloorSyncs);
});
