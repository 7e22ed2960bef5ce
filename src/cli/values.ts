/**
 * Readers of option values: addresses, durations, numbers, names and rooms, each with an error that says what is right.
 */
import {
  type Address,
  formatAddress,
  hostToBind,
  type LogLevel,
  limits,
  logLevels,
  parseAddress,
} from '../base/index.js';
import { canonicalRoom, isName } from '../chat/index.js';
import { PlanError } from '../proxy/index.js';
import type { OptionValues } from './command.js';
import { UsageError } from './go-flags.js';

/**
 * `host:port` as we write it. `localhost` becomes 127.0.0.1, so that a listener and its callers mean the same place.
 */
export function readAddress(option: string, value: string): string {
  const { host, port } = readHostAndPort(option, value);
  return formatAddress(hostToBind(host), port);
}

/** One or more addresses, separated by commas. */
export function readAddresses(option: string, value: string): string[] {
  return value.split(',').map((part) => readAddress(option, part.trim()));
}

/**
 * Where a control API is: `localhost` stays what it is, since the API listens on IPv4 and IPv6 then. An empty value
 * switches it off.
 */
export function readApi(option: string, value: string): string | undefined {
  if (value === '') return undefined;
  const { host, port } = readHostAndPort(option, value);
  return formatAddress(host, port);
}

function readHostAndPort(option: string, value: string): Address {
  const address = parseAddress(value);
  if ('error' in address) throw new UsageError(`${option} takes HOST:PORT, not '${value}'`);
  return address;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration with a unit, in milliseconds: `200ms`, `10s`, `1.5m`. */
export function readDurationMs(option: string, value: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value);
  const ms = Number(found?.[1]) * (unitMs[found?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0 && ms <= 2 ** 31 - 1)) {
    throw new UsageError(`${option} takes a time with its unit, such as 200ms or 10s, not '${value}'`);
  }
  return ms;
}

/** A reason that is shown to others. */
export function readWhy(option: string, value: string): string {
  if (Buffer.byteLength(value) <= limits.whyBytesMax) return value;
  throw new UsageError(`${option} takes at most ${limits.whyBytesMax} bytes: shorten it`);
}

/** An age with its unit, in milliseconds: `12h`, `30d`. */
export function readAge(option: string, value: string): number {
  const { retainAgeMsMin: minMs, retainAgeMsMax: maxMs } = limits;
  const found = /^(\d{1,12})(s|m|h|d)$/.exec(value);
  const ms = Number(found?.[1]) * (unitMs[found?.[2] ?? ''] ?? Number.NaN);
  if (ms >= minMs && ms <= maxMs) return ms;
  const days = Math.floor(maxMs / (unitMs.d as number));
  throw new UsageError(`${option} takes an age from ${minMs / 1000}s to ${days}d, such as 12h or 30d, not '${value}'`);
}

const unitBytes: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A number of bytes with a unit, at least `min` of them: `512MiB`, `2GiB`. */
export function readBytes(option: string, value: string, min: number): number {
  const found = /^(\d{1,6})(KiB|MiB|GiB|TiB)$/.exec(value);
  const bytes = Number(found?.[1]) * (unitBytes[found?.[2] ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes >= min) return bytes;
  const least = min / (unitBytes.MiB as number);
  throw new UsageError(
    `${option} takes a size with its unit, ${least}MiB or more, such as 512MiB or 2GiB, not '${value}'`,
  );
}

/** A whole number in [min, max]. */
export function readInteger(option: string, value: string, min: number, max: number): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  throw new UsageError(`${option} takes a whole number ${range}, not '${value}'`);
}

/** A whole number that counts things, from 0 on. */
export function readCount(option: string, value: string): number {
  return readInteger(option, value, 0, Number.MAX_SAFE_INTEGER);
}

/** A whole number from 1 on. */
export function readOrdinal(option: string, value: string): number {
  return readInteger(option, value, 1, Number.MAX_SAFE_INTEGER);
}

/** The number of a server. */
export function readServer(option: string, value: string): number {
  return readInteger(option, value, 1, 65_535);
}

/** The number of a server that starts; 0 lets it take a free one. */
export function readOwnId(option: string, value: string): number {
  return readInteger(option, value, 0, 65_535);
}

/** The most servers a cluster may have. */
export const serversMax = 99;

/** How many servers a cluster has: odd, since an even number survives no more failures than one server fewer. */
export function readServers(option: string, value: string): number {
  const servers = readInteger(option, value, 1, serversMax);
  if (servers % 2 === 0) throw new UsageError(`${option} takes an odd number, not ${servers}: try ${servers + 1}`);
  return servers;
}

/** How much of its log a server keeps, on a disk or in memory. */
export function readRetain(option: string, value: string): number {
  return readBytes(option, value, limits.memoryRetainBytesMin);
}

/** On a disk it is whole segments. @throws UsageError */
export function retainFits(options: OptionValues): void {
  if (!options.has('memory')) readBytes(options.label('retain'), options.text('retain') ?? '', limits.retainBytesMin);
}

/** Whether a server syncs its disk. */
export function readFsync(option: string, value: string): 'always' | 'never' {
  return readChoice(option, value, ['always', 'never']);
}

export function readLogLevel(option: string, value: string): LogLevel {
  return readChoice(option, value, logLevels);
}

/** How the log is written: `auto` is text on a terminal and JSON otherwise. */
export const logFormats = ['auto', 'text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export function readLogFormat(option: string, value: string): LogFormat {
  return readChoice(option, value, logFormats);
}

/** Where a daemon's HTTP pages are. An empty value switches them off. */
export function readHttp(option: string, value: string): string | undefined {
  return value === '' ? undefined : readAddress(option, value);
}

/** The path of a file or folder. */
export function readPath(option: string, value: string): string {
  if (value === '' || value.includes('\0')) throw new UsageError(`${option} takes a path, not '${value}'`);
  return value;
}

/** How much of a room is shown first: all, or so many messages. */
export function readHistory(option: string, value: string): 'all' | number {
  if (value === 'all') return 'all';
  if (!/^\d+$/.test(value)) throw new UsageError(`${option} takes all or a number of messages, not '${value}'`);
  return readCount(option, value);
}

/** One of a closed set of words. */
export function readChoice<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${option} takes ${choices.join(' or ')}, not '${value}'`);
  return found;
}

/** A user's name (CONTRACT.md, Limits). */
export function readName(option: string, value: string): string {
  if (isName(value)) return value;
  throw new UsageError(
    `${option}: '${value}' is no name: 1 to 30 of A-Z a-z 0-9 _ [ ] { } ^ | \\ -, not beginning with a digit or -`,
  );
}

/** A room's name; a missing `#` is put in front, since a shell eats an unquoted one. */
export function readRoom(option: string, value: string): string {
  const room = /^[#@]/.test(value) ? value : `#${value}`;
  const canonical = canonicalRoom(room);
  if (canonical !== undefined) return canonical;
  throw new UsageError(`${option}: '${value}' is no room: # and 1 to 49 characters without space, comma or control`);
}

/** The login name turned into a lawful one, else `guest`. */
export function nameFromLogin(login: string | undefined): string {
  const name = (login ?? '').replace(/[^A-Za-z0-9_[\]{}^|\\-]/g, '_').slice(0, 30);
  if (name === '' || /^_+$/.test(name)) return 'guest';
  return isName(name) ? name : `_${name}`.slice(0, 30);
}

/** What `read` gives; a fault that is none becomes a mistake on the command line. */
export function asUsage<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PlanError) throw new UsageError(`${option}: ${error.message}`);
    throw error;
  }
}
