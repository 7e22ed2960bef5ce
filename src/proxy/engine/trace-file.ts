/** `--trace FILE`: every frame and what was done to it, and every change of the rules, for reading afterwards. */
import { createWriteStream } from 'node:fs';
import type { Logger } from '../../base/index.js';
import { pourEvents } from './event-sink.js';
import type { Hub } from './hub.js';

/** Resolves to what ends the trace, once the file is open. Rejects with the reason why it could not be opened. */
export function traceToFile(hub: Hub, file: string, logger: Logger): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
    stream.once('error', reject);
    stream.once('open', () => {
      const end = pourEvents(hub, ['trace', 'rule', 'leader', 'timeline'], stream);
      stream.off('error', reject);
      stream.on('error', (error) => {
        end();
        logger.error('trace-ended', {
          text: 'the trace ends: it could not be written; free some space',
          file,
          error: error.message,
        });
      });
      resolve(() => {
        end();
        // What was joined in this turn is written at its end.
        return new Promise((done) => setImmediate(() => stream.end(() => done())));
      });
    });
  });
}
