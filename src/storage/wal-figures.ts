/** What the log's syncs were like, counted while they happen: how long, how many bytes, how many records. */
import { BucketHistogram, bytesBounds, countBounds, secondsBounds } from '../base/index.js';
import type { Batch } from './log-tail.js';

export class WalFigures {
  /** From the call to the disk's answer, in seconds. */
  readonly syncSeconds = new BucketHistogram(secondsBounds);
  readonly batchBytes = new BucketHistogram(bytesBounds);
  readonly batchRecords = new BucketHistogram(countBounds);

  /** The disk answered the sync of `batch`, whatever it said. */
  synced({ bytes, firstSequence, lastSequence }: Batch, tookMs: number): void {
    this.syncSeconds.observe(tookMs / 1000);
    this.batchBytes.observe(bytes);
    this.batchRecords.observe(lastSequence - firstSequence + 1);
  }
}
