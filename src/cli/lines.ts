/**
 * Lines from a stream, one at a time and only as fast as they are taken, so that a long input never piles up in memory.
 */
import { createInterface } from 'node:readline';

/**
 * A line longer than this is cut here; the server's limit is far below, so that it is refused as too long either way.
 */
const lineCharsMax = 65_536;

/**
 * Calls `take` for each line, in order, waiting for it before the next. Ends at the end of the input or when `signal`
 * is aborted.
 */
export async function eachLine(
  input: NodeJS.ReadableStream,
  signal: AbortSignal,
  take: (line: string) => Promise<void>,
): Promise<void> {
  if (signal.aborted) return;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
  const close = (): void => lines.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const line of lines) {
      if (signal.aborted) return;
      await take(line.slice(0, lineCharsMax));
    }
  } finally {
    signal.removeEventListener('abort', close);
    lines.close();
  }
}
