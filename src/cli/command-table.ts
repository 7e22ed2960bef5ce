/** The one table of commands and their options: parsing, help and did-you-mean are all made from it. */
import type { CommandSpec, OldSpelling, OptionSpec, Reader } from './command.js';
import { apiSecurity, balancerSecurity, callerSecurity, proxySecurity, serverSecurity } from './security-options.js';

/** Readers are loaded when a value is judged: with them come the folders whose words they know. */
const values =
  (
    name:
      | 'readAge'
      | 'readApi'
      | 'readFsync'
      | 'readHistory'
      | 'readHttp'
      | 'readLogFormat'
      | 'readOrdinal'
      | 'readOwnId'
      | 'readRetain'
      | 'readServer'
      | 'readServers'
      | 'readWhy',
  ) =>
  async (): Promise<Reader> =>
    (await import('./values.js'))[name];
const redis = async (): Promise<Reader> => (await import('./redis-address.js')).readRedis;
const faults = (name: 'readLink' | 'readModeText' | 'readServerMode') => async (): Promise<Reader> =>
  (await import('./fault-values.js'))[name];
const bench = (name: keyof typeof import('./bench-options.js').benchReaders) => async (): Promise<Reader> =>
  (await import('./bench-options.js')).benchReaders[name];

const balancer: OptionSpec = {
  name: 'balancer',
  value: 'H:P,…',
  help: 'where the balancer listens; several are tried in turn',
  default: '127.0.0.1:8009',
};
const name: OptionSpec = { name: 'name', value: 'NAME', help: 'your name', shownDefault: '$USER, else guest' };
const room: OptionSpec = {
  name: 'room',
  value: 'ROOM',
  help: "#name, or @a,b for two people's messages",
  default: '#lobby',
};
const timeout: OptionSpec = { name: 'timeout', value: 'TIME', help: 'how long to wait for an answer', default: '10s' };
const server: OptionSpec = { name: 'server', value: 'H:P', help: 'talk to this server, without a balancer' };
const json: OptionSpec = { name: 'json', help: 'one JSON object a line, for programs' };
const plain: OptionSpec = { name: 'plain', help: 'lines of text, for people and pipes' };
const proxyApi: OptionSpec = {
  name: 'proxy-api',
  value: 'H:P',
  reader: values('readApi'),
  help: 'control address of a fault proxy: faults from the chat',
};
const logLevel: OptionSpec = {
  name: 'log-level',
  value: 'LEVEL',
  help: 'debug, info, warn or error; logs go to stderr',
  choices: ['debug', 'info', 'warn', 'error'],
  default: 'info',
};
const logFormat: OptionSpec = {
  name: 'log-format',
  value: 'FORMAT',
  reader: values('readLogFormat'),
  help: 'text, json, or auto: text on a terminal',
  default: 'auto',
};
const http: OptionSpec = {
  name: 'http',
  value: 'H:P',
  reader: values('readHttp'),
  help: 'health, status and metrics over HTTP; "" for none; the log tells the port',
  default: '127.0.0.1:0',
};
const mode: OptionSpec = {
  name: 'mode',
  value: 'SPEC',
  reader: faults('readModeText'),
  help: 'faults on the links to other servers, e.g. p:10::a:20::c:30 (seconds)',
};
const api: OptionSpec = {
  name: 'api',
  value: 'H:P',
  reader: values('readApi'),
  help: "the proxy's control API",
  default: 'localhost:8474',
};
/** Which servers to ask; elsewhere `servers` says how many there are. */
const askServers: OptionSpec = {
  name: 'servers',
  value: 'H:P,…',
  help: 'ask these servers, when the balancer is down',
  general: false,
};

/** Of commands by which an operator decides something. */
const decider: readonly OptionSpec[] = [
  balancer,
  { ...server, help: 'ask this server, without a balancer' },
  { ...timeout, help: 'how long to try' },
  ...callerSecurity,
  json,
];

/** Options that every command takes. */
export const commonOptions: readonly OptionSpec[] = [
  { name: 'config', value: 'FILE', help: 'read options from this file, see synod help config', flagOnly: true },
  { name: 'help', help: 'print this text', flagOnly: true },
  { name: 'version', help: 'print the version', flagOnly: true },
];

export const commands: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'a whole cluster on this machine and a chat on it',
    about:
      'Start a balancer, servers and a chat on them; everything ends with the chat. The data is thrown away unless ' +
      'told otherwise.',
    positional: '',
    positionalMax: 0,
    options: [
      {
        name: 'servers',
        value: 'N',
        reader: values('readServers'),
        help: 'how many servers, an odd number',
        default: '3',
      },
      {
        name: 'listen',
        value: 'H:P',
        help: 'where the balancer listens',
        shownDefault: '127.0.0.1:8009, else a free port',
        general: false,
      },
      { name: 'data-dir', value: 'DIR', help: 'keep the data here', shownDefault: 'temporary', general: false },
      { name: 'keep', help: 'do not remove the temporary data at the end' },
      name,
      room,
      timeout,
      plain,
      json,
    ],
    examples: ['synod demo', "printf 'one\\ntwo\\n' | synod demo --json"],
    load: async () => (await import('./demo.js')).demo,
  },
  {
    name: 'balancer',
    summary: 'run the balancer: registration, membership, placement',
    about: 'Run the balancer. It waits until all servers have registered, seals the membership and places clients.',
    positional: '',
    positionalMax: 0,
    isDaemon: true,
    options: [
      { name: 'listen', value: 'H:P', help: 'where servers and clients ask', default: '127.0.0.1:8009' },
      {
        name: 'servers',
        value: 'N',
        reader: values('readServers'),
        help: 'how many servers make the cluster, an odd number',
        default: '3',
      },
      { name: 'data-dir', value: 'DIR', help: 'the sealed membership lives here', default: './synod-data/balancer' },
      {
        name: 'registry',
        value: 'URL',
        reader: redis,
        help: 'share the seal with other balancers in this Redis: redis://[user:pass@]host:port/db',
      },
      ...balancerSecurity,
      http,
      logLevel,
      logFormat,
    ],
    examples: ['synod balancer --servers 5 --registry redis://127.0.0.1:6379/0', 'lrunner -hostPort=localhost:8009'],
    load: async () => (await import('./balancer.js')).balancer,
  },
  {
    name: 'server',
    summary: 'run one server: a replica of the log and its clients',
    about:
      'Run one replica. It registers with the balancer, joins the cluster and serves clients. `synod server replace` ' +
      'gives the seat of a server to another one.',
    positional: '',
    positionalMax: 0,
    isDaemon: true,
    options: [
      {
        name: 'id',
        value: 'N',
        reader: values('readOwnId'),
        help: "this server's number, unique in the cluster (required)",
      },
      { name: 'listen', value: 'H:P', help: 'where clients and other servers connect', default: '127.0.0.1:9009' },
      balancer,
      { name: 'advertise', value: 'H:P', help: 'the address told to others, if it is not the one listened on' },
      { name: 'data-dir', value: 'DIR', help: 'log and promises live here', shownDefault: './synod-data/server-N' },
      {
        name: 'fsync',
        value: 'MODE',
        reader: values('readFsync'),
        help: 'always, or never: a power loss may then lose acknowledged messages',
        choices: ['always', 'never'],
        shownDefault: 'always',
      },
      {
        name: 'retain',
        value: 'SIZE',
        reader: values('readRetain'),
        help: 'keep so much of the log, e.g. 2GiB; older history is deleted',
        shownDefault: 'all of it, with --memory 256MiB',
      },
      { name: 'memory', help: 'keep nothing on disk: the others bring this server up to date at each start' },
      mode,
      http,
      ...serverSecurity,
      logLevel,
      logFormat,
    ],
    examples: ['synod server --id 1 --listen 127.0.0.1:9010', 'srunner -master="localhost:8009" -port=9010 -id=1'],
    load: async () => (await import('./load-server.js')).loadServer(),
  },
  {
    name: 'server replace',
    summary: 'give the seat of a server to another one, while all goes on',
    about:
      'Replace server OLD, alive or not, by server NEW, whose id was never used. NEW is invited, learns, and votes; ' +
      'then OLD is out. Start NEW as soon as it is invited: synod server --id NEW … with an empty data directory. What ' +
      'was begun goes on without this command; the same command again follows it.',
    positional: 'OLD --with NEW',
    positionalMax: 1,
    options: [
      {
        name: 'with',
        value: 'NEW',
        reader: values('readServer'),
        help: 'the number of the new server (required)',
        general: false,
      },
      balancer,
      { ...server, help: 'ask this server, without a balancer' },
      { ...timeout, help: 'how long to follow it until OLD is out', default: '10m' },
      { name: 'no-wait', help: 'end as soon as NEW is invited' },
      ...callerSecurity,
      json,
    ],
    examples: ['synod server replace 3 --with 4', 'synod server replace 3 --with 4 --server 127.0.0.1:9010 --no-wait'],
    load: async () => (await import('./replace.js')).replace,
  },
  {
    name: 'chat',
    summary: 'chat in rooms, on the whole screen or in lines',
    about:
      'Chat. On a terminal it fills the screen; F1 shows every key and command. With --plain or --json, or without a ' +
      'terminal, each line of the input is a message; /help lists the commands, // begins a message with a slash. At ' +
      'the end of the input it waits until every line is committed.',
    positional: '',
    positionalMax: 0,
    options: [
      name,
      room,
      balancer,
      server,
      {
        name: 'history',
        value: 'all|N',
        reader: values('readHistory'),
        help: 'how many earlier messages to show in lines',
        default: 'all',
      },
      { ...timeout, help: 'how long to wait for commits at the end of the input' },
      proxyApi,
      plain,
      ...callerSecurity,
      json,
    ],
    examples: ['synod chat --name aaron --room ops', "echo 'deployed 1.4' | synod chat --name bot --json"],
    load: async () => (await import('./chat.js')).chat,
  },
  {
    name: 'send',
    summary: 'send messages and wait until they are committed',
    about: 'Send one message (TEXT) or one for each line of stdin, and wait until all are committed.',
    positional: '[-- TEXT]',
    positionalMax: Number.POSITIVE_INFINITY,
    options: [name, room, balancer, server, timeout, json, ...callerSecurity],
    examples: ["synod send --name bot --room ops -- 'backup finished'", 'tail -f app.log | synod send --name app'],
    load: async () => (await import('./send.js')).send,
  },
  {
    name: 'tail',
    summary: 'print a room, and follow it',
    about:
      'Print what was said in a room. Without --follow it is a fresh read; if no quorum answers it prints what is ' +
      'there and ends with 5.',
    positional: '',
    positionalMax: 0,
    options: [
      room,
      {
        name: 'from',
        value: 'N',
        reader: values('readOrdinal'),
        help: 'the number of the first message',
        default: '1',
      },
      { name: 'limit', value: 'N', reader: values('readOrdinal'), help: 'at most so many messages' },
      { name: 'follow', help: 'go on with what comes' },
      balancer,
      server,
      timeout,
      ...callerSecurity,
      json,
    ],
    examples: ['synod tail --room ops --limit 20', 'synod tail --follow --json'],
    load: async () => (await import('./tail.js')).tail,
  },
  {
    name: 'mirror',
    summary: 'copy rooms into Redis streams, and go on with what comes',
    about:
      'Copy committed messages into a Redis stream for each room, with ids from the numbering of the room (5-0 is message ' +
      '5). It goes on where the stream stands: after an end of any kind, and beside a second mirror, no message is ' +
      'there twice, out of order or left out. Direct messages are never copied.',
    positional: '',
    positionalMax: 0,
    isDaemon: true,
    options: [
      {
        name: 'to',
        value: 'URL',
        reader: redis,
        general: false,
        help: 'the Redis: redis://[user:pass@]host:port/db (required)',
      },
      {
        name: 'room',
        value: 'ROOM',
        help: 'a #name; again for more',
        repeats: true,
        general: false,
        shownDefault: 'all rooms, new ones too',
      },
      { name: 'prefix', value: 'TEXT', help: "what stands before the room's name in the key", default: 'synod:' },
      {
        name: 'trim',
        value: 'N',
        reader: values('readOrdinal'),
        help: 'keep about the last N messages of each stream',
        shownDefault: 'all',
      },
      balancer,
      server,
      timeout,
      ...callerSecurity,
      logLevel,
      logFormat,
    ],
    examples: [
      'synod mirror --to redis://127.0.0.1:6379/1 --room ops --room lobby',
      'synod mirror --to rediss://redis.example/0 --trim 100000',
    ],
    load: async () => (await import('./mirror.js')).mirror,
  },
  {
    name: 'status',
    summary: 'the table of servers: who leads, who is behind, who is down',
    about: 'Print how every server stands.',
    positional: '',
    positionalMax: 0,
    options: [
      balancer,
      askServers,
      { name: 'watch', help: 'again every second' },
      { name: 'strict', help: 'end with 6 unless all are up and caught up' },
      { ...timeout, help: 'how long to wait for the balancer' },
      ...callerSecurity,
      json,
    ],
    examples: ['synod status', 'synod status --json --strict --servers 127.0.0.1:9010,127.0.0.1:9011'],
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'top',
    summary: 'a live table of servers: rates, latencies, queues, memory',
    about:
      'Show every second how every server does: messages a second, how long they waited for their answer, the slowest ' +
      'syncs, what waits. Without a terminal it prints one table. Rates come from the HTTP pages of the servers ' +
      '(--http): of one that runs without, or whose pages cannot be reached from here, the rest is shown.',
    positional: '',
    positionalMax: 0,
    options: [
      balancer,
      askServers,
      { name: 'once', help: 'print one table, over one second, and end' },
      { ...timeout, help: 'how long to wait for the balancer' },
      ...callerSecurity,
    ],
    examples: ['synod top', 'synod top --once --servers 127.0.0.1:9010,127.0.0.1:9011'],
    load: async () => (await import('./top.js')).top,
  },
  {
    name: 'verify',
    summary: 'check that all servers hold the same log',
    about: 'Compare the state hash of all servers at the last slot that all have applied. Ends with 6 if they differ.',
    positional: '',
    positionalMax: 0,
    options: [balancer, askServers, timeout, ...callerSecurity, json],
    examples: ['synod verify', 'synod verify --json --servers 127.0.0.1:9010,127.0.0.1:9011,127.0.0.1:9012'],
    load: async () => (await import('./verify.js')).verify,
  },
  {
    name: 'log',
    summary: 'look at the log of a stopped server',
    about:
      "Read a server's data directory without changing it: dump prints its records, check tells whether it is sound.",
    positional: 'dump|check DIR',
    positionalMax: 2,
    verbs: ['dump', 'check'],
    options: [json],
    examples: ['synod log check ./synod-data/server-1', 'synod log dump ./synod-data/server-1 --json'],
    load: async () => (await import('./log.js')).log,
  },
  {
    name: 'room retain',
    summary: 'decide how much of a room is kept',
    about:
      'Decide, for all servers at once, how much of ROOM is kept: its newest messages, or those younger than an age, or ' +
      'both bounds, or all from now on. What is deleted cannot be read any more by anybody and does not come back. ' +
      'Message numbers go on. For an age, what is there already is as old as this decision.',
    positional: 'ROOM --count N|--age TIME|--all',
    positionalMax: 1,
    options: [
      {
        name: 'count',
        value: 'N',
        reader: values('readOrdinal'),
        help: 'keep the newest N messages',
        general: false,
      },
      {
        name: 'age',
        value: 'TIME',
        reader: values('readAge'),
        help: 'keep messages younger than this, e.g. 12h or 30d',
        general: false,
      },
      { name: 'all', help: 'delete nothing from now on', general: false },
      ...decider,
    ],
    examples: ["synod room retain '#ops' --count 10000", "synod room retain '#ops' --age 30d"],
    load: async () => (await import('./room-retain.js')).roomRetain,
  },
  {
    name: 'name block',
    summary: 'let nobody write under a name',
    about:
      'Block NAME, claimed or not: its clients leave their rooms, and everything they send is refused, until the name is ' +
      'unblocked. It blocks a name, not a person, who may claim another one.',
    positional: 'NAME',
    positionalMax: 1,
    options: [
      {
        name: 'why',
        value: 'TEXT',
        reader: values('readWhy'),
        help: 'the reason told to whoever bears it',
        general: false,
      },
      ...decider,
    ],
    examples: ["synod name block lala --why 'spam'", 'synod name block root'],
    load: async () => (await import('./names.js')).nameBlock,
  },
  {
    name: 'name unblock',
    summary: 'let a blocked name write again',
    about: 'Take back a block. Clients that are still connected under NAME may write again at once.',
    positional: 'NAME',
    positionalMax: 1,
    options: decider,
    examples: ['synod name unblock lala', 'synod name unblock root --server 127.0.0.1:9010'],
    load: async () => (await import('./names.js')).nameUnblock,
  },
  {
    name: 'name release',
    summary: 'let anybody claim a name anew',
    about:
      'Drop the claim on NAME: its sessions end, and whoever claims it next has it. Its direct messages are deleted, so ' +
      'that the next one cannot read them. A client of the old owner that still runs claims the name again at once: ' +
      'block it before, and unblock it for the new owner.',
    positional: 'NAME',
    positionalMax: 1,
    options: decider,
    examples: ['synod name release lala', 'synod name release lala --json'],
    load: async () => (await import('./names.js')).nameRelease,
  },
  {
    name: 'name recover',
    summary: 'give a name a new token, when its owner has lost the old one',
    about:
      'Make a new token, give NAME to it, and print it, once. Hand it to the owner, who runs `synod identity import`. ' +
      'Sessions opened with the old token end; the old token has lost the name. If it ends with 5 it may be decided or ' +
      'not: the token is printed all the same, and the command may be repeated.',
    positional: 'NAME',
    positionalMax: 1,
    options: decider,
    examples: ['synod name recover lala', 'synod name recover lala --json'],
    load: async () => (await import('./names.js')).nameRecover,
  },
  {
    name: 'name list',
    summary: 'the names that are claimed or blocked',
    about:
      'Print every name, whether it is blocked and why, and how many clients it has, as one server has applied it.',
    positional: '',
    positionalMax: 0,
    options: [{ name: 'blocked', help: 'only those that are blocked', general: false }, ...decider],
    examples: ['synod name list', 'synod name list --blocked --json'],
    load: async () => (await import('./names.js')).nameList,
  },
  {
    name: 'identity import',
    summary: 'use a token that an operator handed out',
    about:
      "Make the token in FILE, or on stdin, this user's own, and keep the one before beside it. Names that belong to " +
      'the old token are reached with the old token only.',
    positional: '[FILE]',
    positionalMax: 1,
    options: [],
    examples: ['synod identity import token.txt', 'cat token.txt | synod identity import'],
    load: async () => (await import('./identity.js')).identityImport,
  },
  {
    name: 'proxy',
    summary: 'run the fault proxy: it stands between servers and breaks things on purpose',
    about:
      'Run a fault proxy. With --master it stands in for the balancer: start servers with its address as their ' +
      '--balancer, and it carries every link between them. Its API is that of Toxiproxy and more: synod link, synod ' +
      'fault, toxiproxy-cli.',
    positional: '',
    positionalMax: 0,
    isDaemon: true,
    options: [
      { name: 'master', value: 'H:P', help: 'the real balancer, for which it stands in' },
      {
        name: 'listen',
        value: 'H:P',
        help: 'with --master: where servers call instead',
        default: '127.0.0.1:8010',
        general: false,
      },
      {
        name: 'link',
        value: 'PORT=H:P',
        reader: faults('readLink'),
        help: 'an explicit link, also H:P=H:P; again for more',
        repeats: true,
      },
      {
        name: 'mode',
        value: 'ID=SPEC',
        reader: faults('readServerMode'),
        help: 'faults of a server, e.g. 1=p:10::c:30; again for more',
        repeats: true,
        general: false,
      },
      {
        name: 'seed',
        value: 'N',
        help: 'repeats the chances of an earlier run',
        shownDefault: 'random, logged',
        general: false,
      },
      { ...api, help: 'where the control API listens' },
      { name: 'config', value: 'FILE', help: "proxies to begin with, as Toxiproxy's -config", general: false },
      { name: 'trace', value: 'FILE', help: 'write every frame and what was done to it, a JSON object a line' },
      ...proxySecurity,
      logLevel,
      logFormat,
    ],
    examples: [
      'synod proxy --master localhost:8009 --mode 1=p:10::a:20::c:30',
      'synod proxy --link 9110=localhost:9010',
    ],
    load: async () => (await import('./proxy.js')).proxy,
  },
  {
    name: 'link',
    summary: 'cut, slow down and heal links through the fault proxy',
    about:
      'Change the links between servers, or list them. A and B are servers by number, or "client". ' +
      'ls · cut A B · isolate A · halves 1,2/3 · delay A B 200ms±50ms · loss A B 20% · rm RULE · heal (takes ' +
      'everything away).',
    positional: 'ls|cut|isolate|halves|delay|loss|rm|heal …',
    positionalMax: 4,
    verbs: ['ls', 'cut', 'isolate', 'halves', 'delay', 'loss', 'rm', 'heal'],
    options: [
      api,
      { name: 'one-way', help: 'only frames from A to B' },
      { name: 'kind', value: 'KIND,…', help: 'only frames of these kinds, e.g. accept,commit' },
      ...apiSecurity,
      json,
    ],
    examples: ['synod link delay 1 2 200ms±50ms --kind accept', 'synod link heal'],
    load: async () => (await import('./link.js')).link,
  },
  {
    name: 'fault',
    summary: 'run a timeline of faults through the fault proxy',
    about:
      'Run a script of faults (TOML or JSON, docs/PROXY.md) and print its steps as they happen; stop ends the one that ' +
      'runs; show tells how far it is. Ctrl-C stops it and takes its faults away.',
    positional: 'run FILE|stop|show',
    positionalMax: 2,
    verbs: ['run', 'stop', 'show'],
    options: [
      api,
      {
        name: 'seed',
        value: 'N',
        help: 'repeats the chances of an earlier run',
        shownDefault: "the script's, else the proxy's",
        general: false,
      },
      ...apiSecurity,
      json,
    ],
    examples: ['synod fault run storm.toml --seed 7', 'synod fault stop'],
    load: async () => (await import('./fault.js')).fault,
  },
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
      },
      {
        name: 'servers',
        value: 'N',
        reader: values('readServers'),
        help: 'servers of the own cluster',
        shownDefault: '3',
        general: false,
      },
      { name: 'no-fsync', help: 'servers do not sync their disks: not durable' },
      { name: 'proxy', help: 'links and clients run through a fault proxy', general: false },
      {
        name: 'mode',
        value: 'SPEC',
        reader: bench('mode'),
        help: 'faults on the links for the whole run; again for more',
        repeats: true,
        general: false,
      },
      {
        name: 'fault',
        value: 'FAULT',
        reader: bench('fault'),
        help: 'a fault at its time; again for more',
        repeats: true,
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
      },
      { name: 'keep', help: 'do not remove the data at the end' },
      { name: 'json', help: 'one JSON object, for programs' },
      ...callerSecurity.map((option) => ({ ...option, general: false }) as const),
    ],
    examples: [
      'synod bench run --rate 20000 --fault "5s kill leader" --html run.html',
      'synod bench run --clients 1 --inflight 1 --slo "p99<=5ms,failed=0" --json',
    ],
    load: async () => (await import('./bench.js')).benchRun,
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
    load: async () => (await import('./bench-report.js')).benchReport,
  },
  {
    name: 'config default',
    summary: 'print a configuration file with every option and its default',
    about:
      'Print a file with every option of every command, or of COMMAND, its default and what it does. Nothing is set in ' +
      'it: take the # away in front of what you change.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [],
    examples: ['synod config default > config.toml', 'synod config default server'],
    load: async () => (await import('./config/commands.js')).configDefault,
  },
  {
    name: 'config check',
    summary: 'say whether a configuration file is right',
    about:
      'Judge FILE, else the file that would be read, and print everything that is wrong with it. Ends with 3 if anything ' +
      'is.',
    positional: '[FILE]',
    positionalMax: 1,
    options: [],
    examples: ['synod config check', 'synod config check /etc/synod/server.toml'],
    load: async () => (await import('./config/commands.js')).configCheck,
  },
  {
    name: 'config show',
    summary: 'print the value of every option, and where it comes from',
    about:
      'Print what every option of every command, or of COMMAND, is without further flags: from the environment, the ' +
      'configuration file, or by default. Secrets are never shown.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [
      { name: 'origin', help: 'say where each value comes from', flagOnly: true },
      { ...json, flagOnly: true },
    ],
    examples: ['synod config show server --origin', 'synod config show --config /etc/synod/server.toml --json'],
    load: async () => (await import('./config/commands.js')).configShow,
  },
  {
    name: 'completion',
    summary: 'print a script that completes command lines in your shell',
    about:
      'Print a completion script for a shell: commands, options, and the values of those that take one of a few words. ' +
      'In ~/.bashrc, or in ~/.zshrc after compinit: source <(synod completion bash), or zsh. For fish, write it to ' +
      '~/.config/fish/completions/synod.fish.',
    positional: 'bash|zsh|fish',
    positionalMax: 1,
    verbs: ['bash', 'zsh', 'fish'],
    options: [],
    examples: ['synod completion bash', 'synod completion fish'],
    load: async () => (await import('./completion.js')).completion,
  },
  {
    name: 'man',
    summary: 'print a manual page, as man reads it',
    about:
      'Print the manual page of a command, or that of synod itself, as man reads it: synod man server | man -l -. After ' +
      'npm install --global the pages are there already: man synod-server.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [],
    examples: ['synod man server replace', 'synod man'],
    load: async () => (await import('./man.js')).man,
  },
];

export const oldSpellings: readonly OldSpelling[] = [
  {
    program: 'lrunner',
    command: 'balancer',
    about: "The write-up's spelling of `synod balancer`; it takes that command's options too.",
    options: [{ name: 'hostPort', value: 'H:P', help: 'as --listen', standsFor: 'listen' }],
    defaults: { listen: '127.0.0.1:8009', servers: '3' },
    examples: ['lrunner', 'lrunner -hostPort=localhost:8009 -servers=5'],
  },
  {
    program: 'srunner',
    command: 'server',
    about: "The write-up's spelling of `synod server`; it takes that command's options too. -id=0 takes a free number.",
    options: [
      { name: 'master', value: 'H:P', help: 'as --balancer', standsFor: 'balancer' },
      {
        name: 'port',
        value: 'PORT',
        help: 'as --listen, on this machine',
        standsFor: 'listen',
        convert: (port) => `127.0.0.1:${port}`,
      },
    ],
    defaults: { id: '0', listen: '127.0.0.1:9009' },
    examples: [
      'srunner -master="localhost:8009" -port=9010 -id=1',
      'srunner -port 9011 -id 2 --data-dir /var/lib/synod',
    ],
  },
  {
    program: 'crunner',
    command: 'chat',
    about: "The write-up's spelling of `synod chat`; it takes that command's options too.",
    options: [
      { name: 'id', value: 'NAME', help: 'as --name', standsFor: 'name' },
      {
        name: 'port1',
        value: 'PORT',
        help: 'accepted and ignored: a client needs no port',
        default: '9009',
        standsFor: '',
      },
      { name: 'master', value: 'H:P', help: 'as --balancer', standsFor: 'balancer' },
    ],
    defaults: { name: 'Client' },
    examples: ['crunner -id=Aaron -port1=2002', 'echo hello | crunner -id=Lala --json'],
  },
];

/** The write-up's scripted check is a command of its own. */
export const test1: CommandSpec = {
  name: 'test1',
  summary: "the write-up's scripted check",
  about:
    'Say "hi" as KaranLala and print when each server commits it; end with 6 unless every server did what its ' +
    'reported mode says it must.',
  positional: '',
  positionalMax: 0,
  options: [
    { name: 'master', value: 'H:P', help: 'where the balancer listens', default: '127.0.0.1:8009' },
    { ...timeout, help: 'how long to wait for the last commit', default: '40s' },
    json,
  ],
  examples: ['test1', 'test1 -master=localhost:8009 -timeout=60s'],
  load: async () => (await import('./test1.js')).test1,
};
