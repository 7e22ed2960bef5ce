/** Readers of option values that are about faults: modes of servers, and links of the fault proxy. */
import { readMode } from '../proxy/index.js';
import { UsageError } from './go-flags.js';
import { asUsage, readAddress, readServer } from './values.js';

/** The write-up's faults of one server, `p:10::a:20`; it stays the text it was. */
export function readModeText(option: string, value: string): string {
  asUsage(option, () => readMode(value));
  return value;
}

/** `9110=localhost:9010` or `127.0.0.1:9110=localhost:9010`. */
export function readLink(option: string, value: string): { listen: string; upstream: string } {
  const [from = '', to, ...rest] = value.split('=');
  if (to === undefined || rest.length > 0) throw new UsageError(`${option} takes PORT=HOST:PORT, not '${value}'`);
  const listen = /^\d+$/.test(from) ? `127.0.0.1:${from}` : from;
  return { listen: readAddress(option, listen), upstream: readAddress(option, to) };
}

/** `1=p:10::a:20`. */
export function readServerMode(option: string, value: string): { server: number; mode: string } {
  const found = /^(\d{1,5})=(.+)$/.exec(value);
  if (found === null) throw new UsageError(`${option} takes ID=SPEC, as 1=p:10::a:20, not '${value}'`);
  const server = readServer(option, found[1] ?? '');
  return { server, mode: readModeText(option, found[2] ?? '') };
}
