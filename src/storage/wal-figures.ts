/** What the log's syncs were like, counted while they happen: how long, how many bytes, how many records. */
import { BucketHistogram, bytesBounds, countBounds, secondsBounds } from '../base/index.js';

export class WalFigures {
  /** From the call to the disk's answer, in seconds. */
  readonly syncSeconds = new BucketHistogram(secondsBounds);
  readonly batchBytes = new BucketHistogram(bytesBounds);
  readonly batchRecords = new BucketHistogram(countBounds);
}
