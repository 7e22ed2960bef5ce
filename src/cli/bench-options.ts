/** The command line of `synod bench run`, read and checked before anything is started. */
import { randomBytes } from 'node:crypto';
import { ExitError, exitCodes, limits } from '../base/index.js';
import {
  type BenchOptions,
  type Fault,
  faultEndMs,
  faultText,
  type LinkSpec,
  type Placement,
  readFault,
  readLinkSpec,
  readSlo,
  type SizeRange,
  serversNamed,
} from '../bench/index.js';
import { openFilesMax } from '../net/index.js';
import type { Call, OptionValues, Reader } from './command.js';
import { UsageError } from './go-flags.js';
import { askBalancers } from './members.js';
import { asUsage, readAddresses, readChoice, readDurationMs, readInteger, readServers } from './values.js';

/** Messages in flight of all clients together: what one process can hold in memory beside its clients. */
const inFlightMax = 2 ** 20;
const rateMax = 10_000_000;
const durationMsMax = 24 * 3_600_000;
/** Descriptors that are no connections. */
const reservedFiles = 64;

/** What each option takes by itself. */
export const benchReaders = {
  clients: (option, value) => readInteger(option, value, 1, limits.connectionsMax),
  inflight: (option, value) => readInteger(option, value, 1, limits.sessionWindowMax),
  size: readSize,
  duration: readDuration,
  warmup: readTimeMs,
  rate: (option, value) => readInteger(option, value, 1, rateMax),
  arrivals: (option, value) => readChoice(option, value, ['uniform', 'poisson'] as const),
  rooms: (option, value) => readInteger(option, value, 1, limits.subscriptionsMax),
  subscribers: (option, value) => readInteger(option, value, 0, limits.connectionsMax),
  on: readPlacement,
  mode: (option, value) => asUsage(option, () => readLinkSpec(value.trim().split(/\s+/))),
  fault: (option, value) => asUsage(option, () => readFault(value)),
  seed: (option, value) => readInteger(option, value, 0, 2 ** 32 - 1),
  slo: (option, value) => asUsage(option, () => readSlo(value)),
} satisfies Readonly<Record<string, Reader>>;

/** What options must be together, for the rules of the command table. Each throws a UsageError. */
export const benchJudges = {
  inflight: (options) => {
    const inFlight = read(options, 'clients') * read(options, 'inflight');
    if (inFlight <= inFlightMax) return;
    const product = `${options.label('clients')} × ${options.label('inflight')}`;
    throw new UsageError(`${product} is ${inFlight}, and at most ${inFlightMax} may be in flight`);
  },
  on: (options) => {
    if (options.has('balancer')) return;
    const [on, servers, label] = [read(options, 'on'), ownServers(options), options.label('on')];
    if (typeof on === 'number' && on > servers) {
      throw new UsageError(
        `${label} ${on}: there are only ${servers} servers; give one of them, or more with --servers`,
      );
    }
    if (on === 'follower') expectFollower(servers, `${label} follower`);
  },
  fault: (options) => {
    const label = options.label('fault');
    for (const text of options.texts('fault')) {
      expectPlayable(label, benchReaders.fault(label, text), ownServers(options), read(options, 'duration'));
    }
  },
  mode: (options) => {
    const label = options.label('mode');
    for (const text of options.texts('mode')) expectFixed(label, benchReaders.mode(label, text), ownServers(options));
  },
} satisfies Readonly<Record<string, (options: OptionValues) => void>>;

/** An option that has a default or is there. */
function read<K extends keyof typeof benchReaders>(
  options: OptionValues,
  name: K,
): ReturnType<(typeof benchReaders)[K]> {
  return benchReaders[name](options.label(name), options.text(name) ?? '') as ReturnType<(typeof benchReaders)[K]>;
}

function ownServers(options: OptionValues): number {
  return readServers(options.label('servers'), options.text('servers') ?? '3');
}

/** @throws UsageError for a wrong option, ExitError (4) when no balancer of an existing cluster answers. */
export async function readBenchOptions(call: Call): Promise<BenchOptions> {
  const { options } = call;
  const clients = read(options, 'clients');
  const subscribers = read(options, 'subscribers');
  const open = readOpenLoop(call);
  const rest = {
    clients,
    inFlight: read(options, 'inflight'),
    size: read(options, 'size'),
    durationMs: read(options, 'duration'),
    warmupMs: read(options, 'warmup'),
    rooms: read(options, 'rooms'),
    subscribers,
    ...(open === undefined ? {} : { open }),
    on: read(options, 'on'),
    slo: options.has('slo') ? read(options, 'slo') : [],
    seed: options.has('seed') ? read(options, 'seed') : randomBytes(4).readUInt32BE(),
    timeoutMs: readDurationMs('--timeout', options.text('timeout') ?? ''),
  };
  expectFiles(clients + subscribers);
  const given = options.text('balancer');
  if (given === undefined) return { ...rest, ...readOwnCluster(call) };
  const balancers = readAddresses('--balancer', given);
  const { servers } = await askBalancers(balancers, rest.timeoutMs);
  const reachable = servers.filter(({ address }) => address !== '');
  return { ...rest, faults: [], cluster: { kind: 'existing', balancers, servers: reachable } };
}

function readOwnCluster({ options }: Call): Pick<BenchOptions, 'cluster' | 'faults'> {
  const faults = options.texts('fault').map((line) => benchReaders.fault('--fault', line));
  const modes = options.texts('mode');
  const specs = modes.map((text) => benchReaders.mode('--mode', text));
  const dataParent = options.text('data-dir');
  return {
    faults,
    cluster: {
      kind: 'own',
      servers: ownServers(options),
      durable: !options.has('no-fsync'),
      isProxied: options.has('proxy') || specs.length > 0 || faults.some(({ kind }) => kind === 'links'),
      ...(specs.length === 0 ? {} : { mode: { text: modes.join('; '), specs } }),
      ...(dataParent === undefined ? {} : { dataParent }),
      keep: options.has('keep'),
    },
  };
}

/** A time that may be 0. */
function readTimeMs(option: string, value: string): number {
  const ms = /^0(ms|s|m|h)?$/.test(value) ? 0 : readDurationMs(option, value);
  if (ms > durationMsMax) throw new UsageError(`${option} takes a time up to 24h, not '${value}'`);
  return ms;
}

function readDuration(option: string, value: string): number {
  const ms = readTimeMs(option, value);
  if (ms === 0) throw new UsageError(`${option} takes a time above 0, such as 10s`);
  return ms;
}

/** `100`, or `64-1024`. */
function readSize(option: string, text: string): SizeRange {
  const found = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text);
  const min = Number(found?.[1]);
  const max = Number(found?.[2] ?? found?.[1]);
  if (min >= 1 && max >= min && max <= limits.messageBytesMax) return { min, max };
  throw new UsageError(`${option} takes bytes from 1 to ${limits.messageBytesMax}, as 100 or 64-1024, not '${text}'`);
}

function readOpenLoop({ options }: Call): BenchOptions['open'] {
  const rate = options.text('rate');
  const arrivals = options.text('arrivals');
  if (rate === undefined) return undefined;
  return {
    perSecond: benchReaders.rate('--rate', rate),
    arrivals: benchReaders.arrivals('--arrivals', arrivals ?? 'uniform'),
  };
}

function readPlacement(option: string, text: string): Placement {
  if (text === 'spread' || text === 'leader' || text === 'follower') return text;
  const id = /^s?(\d{1,5})$/i.exec(text)?.[1];
  if (id !== undefined && Number(id) > 0) return Number(id);
  throw new UsageError(`${option} takes spread, leader, follower or a server's number, not '${text}'`);
}

/** Every fault must be over, with its last trace, before the run is. */
function expectPlayable(label: string, fault: Fault, servers: number, durationMs: number): void {
  const text = faultText(fault);
  if (faultEndMs(fault) > durationMs) {
    throw new UsageError(`${label} '${text}' lasts beyond the run: make --duration longer, or the fault shorter`);
  }
  const absent = serversNamed(fault).find((id) => id < 1 || id > servers);
  if (absent !== undefined)
    throw new UsageError(`${label} '${text}': there is no server ${absent}, only 1 to ${servers}`);
  if (/\bfollower\b/.test(text)) expectFollower(servers, `${label} '${text}'`);
}

function expectFixed(label: string, spec: LinkSpec, servers: number): void {
  const words = spec.kind === 'mode' ? [spec.server] : spec.words;
  if (words.includes('leader') || words.includes('follower')) {
    throw new UsageError(
      `${label} lasts for the whole run, and who leads may change: name servers by number, or use --fault`,
    );
  }
  const fault: Fault = { kind: 'links', atMs: 0, untilMs: 1, text: '', spec };
  const absent = serversNamed(fault).find((id) => id < 1 || id > servers);
  if (absent !== undefined) throw new UsageError(`${label}: there is no server ${absent}, only 1 to ${servers}`);
}

function expectFollower(servers: number, what: string): void {
  if (servers > 1) return;
  throw new UsageError(`${what}: a cluster of one server has no follower; give --servers 3 or more`);
}

/** Each client is an open file; a limit that is too low would show as clients that cannot connect. */
function expectFiles(connections: number): void {
  const filesMax = openFilesMax();
  if (filesMax === undefined || connections + reservedFiles <= filesMax) return;
  const text = `${connections} connections need ${connections + reservedFiles} open files, and ${filesMax} are allowed. Raise the limit: ulimit -n ${connections + reservedFiles}`;
  throw new ExitError(exitCodes.refused, 'TOO_FEW_FILES', text);
}
