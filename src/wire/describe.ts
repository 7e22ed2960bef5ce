/** One line per message for logs, transcripts and the proxy's tap; shows no bytes, so no nonce or token either. */
import type { Message } from './registry.js';
import { readRunHeader } from './run.js';

const TEXT_CHARS_MAX = 40;
const LIST_ITEMS_MAX = 4;

/** For example `accept ballot=7.2 slot=12 value=312B`. */
export function describe(message: Message): string {
  if (message.type === 'submit') {
    const { session, firstSeq, count } = readRunHeader(message.run);
    return `submit session=${session.slot}/${session.index} firstSeq=${firstSeq} count=${count} run=${message.run.length}B`;
  }
  const parts: string[] = [message.type];
  for (const [name, value] of Object.entries(message)) if (name !== 'type') parts.push(`${name}=${show(value)}`);
  return parts.join(' ');
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > TEXT_CHARS_MAX ? `${value.slice(0, TEXT_CHARS_MAX)}…` : value);
  }
  if (value instanceof Uint8Array) return `${value.length}B`;
  if (Array.isArray(value)) {
    const more = value.length > LIST_ITEMS_MAX ? ` …${value.length}` : '';
    return `[${value.slice(0, LIST_ITEMS_MAX).map(show).join(' ')}${more}]`;
  }
  if (typeof value === 'object' && value !== null) return showObject(value);
  return String(value);
}

function showObject(value: object): string {
  if ('round' in value && 'server' in value) return `${value.round}.${value.server}`;
  if ('slot' in value && 'index' in value) return `${value.slot}/${value.index}`;
  const parts = Object.entries(value).map(([name, inner]) => `${name}=${show(inner)}`);
  return `{${parts.join(' ')}}`;
}
