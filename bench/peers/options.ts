/** The command line of `npm run bench:peers`. */
import { parseArgs } from 'node:util';
import type { Placement } from './peer.js';

/** Clients, each with so many appends in flight. */
export interface LoadShape {
  readonly clients: number;
  readonly inFlight: number;
}

export interface Options {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  readonly valueBytes: number;
  readonly only: readonly string[];
  readonly loads: readonly LoadShape[];
  /** Numbers of subscribers; none: no fan-out. */
  readonly subscribers: readonly number[];
  readonly placement: Placement;
  readonly jsonFile: string | undefined;
  readonly isStrict: boolean;
}

export const usage = `Usage: npm run bench:peers -- [options]   (see bench/peers/README.md)

  --only NAMES         systems or settings, as redis,nats or redis-batch; all that are installed by default
  --loads LIST         clients x appends in flight each, 1x1,16x1,4x64,16x256 by default; none
  --subscribers LIST   of the fan-out, 50,200 by default; none
  --seconds N          of each measurement, 5 by default, after --warmup N, 1 by default
  --rounds N           in each of which every system takes its turn, 3 by default
  --size N             bytes of a value, 100 by default
  --placement WHERE    spread: clients on all nodes in turn, from the leader on (default); leader: all on the leader
  --json FILE          writes every sample and every median there
  --strict             ends with 6 when a goal is missed
`;

/** What the command line asks for; throws with the reason if it makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      loads: { type: 'string', default: '1x1,16x1,4x64,16x256' },
      subscribers: { type: 'string', default: '50,200' },
      seconds: { type: 'string', default: '5' },
      warmup: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
      size: { type: 'string', default: '100' },
      placement: { type: 'string', default: 'spread' },
      json: { type: 'string' },
      strict: { type: 'boolean', default: false },
    },
  });
  return {
    seconds: numberOf('--seconds', values.seconds, { least: 0.1, most: 3_600 }),
    warmUpSeconds: numberOf('--warmup', values.warmup, { least: 0, most: 3_600 }),
    rounds: wholeOf('--rounds', values.rounds, 1_000),
    // A message of synod has at most as many (CONTRACT.md, Limits).
    valueBytes: wholeOf('--size', values.size, 8_192),
    only: listOf(values.only),
    loads: listOf(values.loads).map(readLoad),
    subscribers: listOf(values.subscribers).map((text) => wholeOf('--subscribers', text, 2_000)),
    placement: readPlacement(values.placement),
    jsonFile: values.json,
    isStrict: values.strict,
  };
}

/** `none` and nothing are the empty list. */
function listOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '' && part !== 'none');
}

function readLoad(text: string): LoadShape {
  const [, clients = '', inFlight = ''] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (clients === '') throw new Error(`--loads ${text}: give clients x appends in flight, such as 16x256`);
  // Synod's session window is the smallest bound of all systems.
  return { clients: wholeOf('--loads', clients, 1_000), inFlight: wholeOf('--loads', inFlight, 4_096) };
}

function readPlacement(text: string): Placement {
  if (text === 'spread' || text === 'leader') return text;
  throw new Error(`--placement ${text}: give spread or leader`);
}

function wholeOf(flag: string, text: string, most: number): number {
  const value = numberOf(flag, text, { least: 1, most });
  if (!Number.isInteger(value)) throw new Error(`${flag} ${text}: give a whole number`);
  return value;
}

function numberOf(flag: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${flag} ${text}: give a number from ${least} to ${most}`);
}

/** As on the command line. */
export function loadText({ clients, inFlight }: LoadShape): string {
  return `${clients}x${inFlight}`;
}
