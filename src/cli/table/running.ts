/** What runs: a cluster for trying, and the daemons. */
import type { CommandSpec } from '../command.js';
import { balancerSecurity, callerSecurity, serverSecurity } from '../security-options.js';
import {
  balancer,
  fits,
  http,
  json,
  logFormat,
  logLevel,
  mode,
  name,
  plain,
  redis,
  room,
  server,
  servers,
  timeout,
  values,
} from './shared.js';

export const running: readonly CommandSpec[] = [
  {
    name: 'demo',
    summary: 'a whole cluster on this machine and a chat on it',
    about:
      'Start a balancer, servers and a chat on them; everything ends with the chat. The data is thrown away unless ' +
      'told otherwise.',
    positional: '',
    positionalMax: 0,
    options: [
      servers,
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
    load: async () => (await import('../demo.js')).demo,
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
      { ...servers, help: 'how many servers make the cluster, an odd number' },
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
    load: async () => (await import('../balancer.js')).balancer,
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
        rules: [{ kind: 'fits', others: ['memory'], judge: fits('retainFits') }],
      },
      {
        name: 'memory',
        help: 'keep nothing on disk: the others bring this server up to date at each start',
        rules: [{ kind: 'excludes', others: ['data-dir', 'fsync'], because: 'keeps nothing on disk' }],
      },
      mode,
      http,
      ...serverSecurity,
      logLevel,
      logFormat,
    ],
    examples: ['synod server --id 1 --listen 127.0.0.1:9010', 'srunner -master="localhost:8009" -port=9010 -id=1'],
    load: async () => (await import('../load-server.js')).loadServer(),
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
    load: async () => (await import('../replace.js')).replace,
  },
];
