/** What becomes of a program whose output nobody reads any more. */
import { exitCodes } from '../base/index.js';

/** `synod tail | head` is no error: when the reader has gone, so do we; `end` ends the process with this code. */
export function endWhenNobodyReads(end: (code: number) => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The terminal is gone. SIGHUP and the end of the input tell so, too, and what runs here ends in order.
    if (error.code === 'EIO') return;
    end(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.internal);
  });
}
