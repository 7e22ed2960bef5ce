/** How a cluster stands, and what a stopped server holds. */
import type { CommandSpec } from '../command.js';
import { callerSecurity } from '../security-options.js';
import { askServers, balancer, json, timeout } from './shared.js';

export const watching: readonly CommandSpec[] = [
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
    load: async () => (await import('../status.js')).status,
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
    load: async () => (await import('../top.js')).top,
  },
  {
    name: 'verify',
    summary: 'check that all servers hold the same log',
    about: 'Compare the state hash of all servers at the last slot that all have applied. Ends with 6 if they differ.',
    positional: '',
    positionalMax: 0,
    options: [balancer, askServers, timeout, ...callerSecurity, json],
    examples: ['synod verify', 'synod verify --json --servers 127.0.0.1:9010,127.0.0.1:9011,127.0.0.1:9012'],
    load: async () => (await import('../verify.js')).verify,
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
    load: async () => (await import('../log.js')).log,
  },
];
