/** The bench and its reports. */
import type { CommandSpec, OptionRule } from '../command.js';
import { callerSecurity, withRule } from '../security-options.js';
import { bench, benchFits, timeout, values } from './shared.js';

/** A cluster is the bench's own, or one that is there; each kind has options of its own. */
const ownOnly: OptionRule = { kind: 'excludes', others: ['balancer'], because: "is for a cluster of the bench's own" };
const thereOnly: OptionRule = { kind: 'needs', others: ['balancer'], because: 'is for a cluster that is there' };

export const measuring: readonly CommandSpec[] = [
  {
    name: 'bench run',
    summary: 'load a cluster, in closed or open loop, and say how fast it was',
    about:
      'Start a cluster, load it, and print throughput, latency and what became of every message. Without --rate the ' +
      'loop is closed: a client sends when one of its messages has come home. Faults: "3s..5s p:1::a:2", "3s..5s delay ' +
      '1 2 20ms" (also cut, isolate, halves, loss, as in synod link), "5s kill leader" (back after 2s), "5s pause 1 2s". ' +
      'docs/BENCH.md tells what each figure means.',
    positional: '',
    positionalMax: 0,
    options: [
      { name: 'clients', value: 'N', reader: bench('clients'), help: 'clients that send', default: '16' },
      {
        name: 'inflight',
        value: 'N',
        reader: bench('inflight'),
        help: 'messages in flight of each client',
        default: '256',
        rules: [{ kind: 'fits', others: ['clients'], judge: benchFits('inflight') }],
      },
      {
        name: 'size',
        value: 'BYTES',
        reader: bench('size'),
        help: 'bytes of a message, as 100 or 64-1024',
        default: '100',
      },
      { name: 'duration', value: 'TIME', reader: bench('duration'), help: 'how long to measure', default: '10s' },
      { name: 'warmup', value: 'TIME', reader: bench('warmup'), help: 'how long to send before that', default: '2s' },
      {
        name: 'rate',
        value: 'N',
        reader: bench('rate'),
        help: 'open loop: messages per second in all, by a fixed schedule',
      },
      {
        name: 'arrivals',
        value: 'KIND',
        reader: bench('arrivals'),
        help: 'with --rate: uniform or poisson',
        choices: ['uniform', 'poisson'],
        shownDefault: 'uniform',
        rules: [{ kind: 'needs', others: ['rate'], because: 'is about an open loop' }],
      },
      { name: 'rooms', value: 'N', reader: bench('rooms'), help: 'rooms that are written to in turn', default: '1' },
      {
        name: 'subscribers',
        value: 'N',
        reader: bench('subscribers'),
        help: 'further clients that follow all rooms',
        default: '0',
      },
      {
        name: 'on',
        value: 'WHERE',
        reader: bench('on'),
        help: 'spread, leader, follower, or a server by number',
        default: 'spread',
        rules: [{ kind: 'fits', others: ['servers', 'balancer'], judge: benchFits('on') }],
      },
      {
        name: 'servers',
        value: 'N',
        reader: values('readServers'),
        help: 'servers of the own cluster',
        shownDefault: '3',
        general: false,
        rules: [ownOnly],
      },
      { name: 'no-fsync', help: 'servers do not sync their disks: not durable', rules: [ownOnly] },
      { name: 'proxy', help: 'links and clients run through a fault proxy', general: false, rules: [ownOnly] },
      {
        name: 'mode',
        value: 'SPEC',
        reader: bench('mode'),
        help: 'faults on the links for the whole run; again for more',
        repeats: true,
        general: false,
        rules: [ownOnly, { kind: 'fits', others: ['servers'], judge: benchFits('mode') }],
      },
      {
        name: 'fault',
        value: 'FAULT',
        reader: bench('fault'),
        help: 'a fault at its time; again for more',
        repeats: true,
        rules: [ownOnly, { kind: 'fits', others: ['servers', 'duration'], judge: benchFits('fault') }],
      },
      {
        name: 'balancer',
        value: 'H:P,…',
        help: 'load this cluster',
        shownDefault: 'a cluster of its own',
        general: false,
      },
      { ...timeout, help: 'how long to wait for the cluster' },
      {
        name: 'seed',
        value: 'N',
        reader: bench('seed'),
        help: 'repeats sizes, arrivals, chances',
        shownDefault: 'random',
        general: false,
      },
      {
        name: 'slo',
        value: 'GOALS',
        reader: bench('slo'),
        help: 'as p99<=5ms,failed=0; exit code 6 if one is missed',
      },
      { name: 'out', value: 'FILE', help: 'write the result as JSON' },
      { name: 'html', value: 'FILE', help: 'write a report with charts' },
      {
        name: 'data-dir',
        value: 'DIR',
        help: 'where the data lies meanwhile',
        shownDefault: 'temporary',
        general: false,
        rules: [ownOnly],
      },
      { name: 'keep', help: 'do not remove the data at the end', rules: [ownOnly] },
      { name: 'json', help: 'one JSON object, for programs' },
      ...callerSecurity.map((option) => withRule({ ...option, general: false }, thereOnly)),
    ],
    examples: [
      'synod bench run --rate 20000 --fault "5s kill leader" --html run.html',
      'synod bench run --clients 1 --inflight 1 --slo "p99<=5ms,failed=0" --json',
    ],
    load: async () => (await import('../bench.js')).benchRun,
  },
  {
    name: 'bench report',
    summary: 'show what bench run found, or several runs side by side',
    about:
      'Print the report of one result, or compare several with the first. Runs in closed and in open loop are not ' +
      'compared. What makes them unlike is said below the table.',
    positional: 'FILE…',
    positionalMax: Number.POSITIVE_INFINITY,
    options: [
      { name: 'html', value: 'FILE', help: 'write a report with charts' },
      { name: 'json', help: 'one JSON object, for programs' },
    ],
    examples: ['synod bench report run.json --html run.html', 'synod bench report before.json after.json'],
    load: async () => (await import('../bench-report.js')).benchReport,
  },
];
