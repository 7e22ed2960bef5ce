/** Asks a server's HTTP page for the figures that `synod top` makes its rates of. */

import { formatAddress, isUnspecified, parseAddress } from '../base/index.js';
import type { Figures } from '../daemon/index.js';

/** Of these 3 KiB are usual. */
const answerBytesMax = 64 * 1024;

export type FiguresAnswer = Figures | { readonly error: string };

/** Never rejects. `http` is what the server says of its pages, `address` where it was reached itself. */
export async function askFigures(http: string, address: string, timeoutMs: number): Promise<FiguresAnswer> {
  if (http === '') return { error: 'no figures: it runs without --http' };
  const at = placeOf(http, address);
  if (at === undefined) return { error: 'no figures: what it says of its --http is no address' };
  try {
    return readFigures(await fetchText(at, timeoutMs)) ?? { error: 'no figures: it starts, or is of another release' };
  } catch (error) {
    return { error: `no figures: ${at} ${reasonOf(error)}` };
  }
}

/** Who listens at every address is reached where the server itself is. Undefined for what is no address. */
function placeOf(http: string, address: string): string | undefined {
  const pages = parseAddress(http);
  if ('error' in pages) return undefined;
  const server = parseAddress(address);
  return formatAddress(isUnspecified(pages.host) && !('error' in server) ? server.host : pages.host, pages.port);
}

async function fetchText(address: string, timeoutMs: number): Promise<string> {
  const response = await fetch(`http://${address}/figures`, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok || response.body === null) throw new Error(`answers ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error('says too much: is this its --http?');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'does not answer';
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code === 'ECONNREFUSED'
    ? 'refuses: pages on loopback are for their own machine'
    : (cause?.code ?? error.message);
}

/** Undefined for what are no figures. */
export function readFigures(text: string): Figures | undefined {
  const found: unknown = parseJson(text);
  if (typeof found !== 'object' || found === null) return undefined;
  const { atMs, messages, queuedBytes, residentBytes, cpuSeconds, commitSeconds, syncSeconds } = found as Partial<
    Record<keyof Figures, unknown>
  >;
  const numbers = [atMs, messages, queuedBytes, residentBytes, cpuSeconds];
  if (!numbers.every((one) => typeof one === 'number') || !isCounts(commitSeconds) || !isCounts(syncSeconds)) {
    return undefined;
  }
  return found as Figures;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isCounts(value: unknown): boolean {
  const { bounds, counts } = (value ?? {}) as { bounds?: unknown; counts?: unknown };
  return isNumbers(bounds) && isNumbers(counts) && counts.length === bounds.length + 1;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}
