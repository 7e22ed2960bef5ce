/** Faults on purpose: the proxy, its links, timelines. */
import type { CommandSpec } from '../command.js';
import { apiSecurity, proxySecurity } from '../security-options.js';
import { api, faults, json, logFormat, logLevel } from './shared.js';

export const breaking: readonly CommandSpec[] = [
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
      {
        name: 'config',
        value: 'FILE',
        help: "proxies to begin with, as Toxiproxy's -config",
        general: false,
        rules: [{ kind: 'needs', others: ['api'], because: 'lists proxies, which live in the control API' }],
      },
      { name: 'trace', value: 'FILE', help: 'write every frame and what was done to it, a JSON object a line' },
      ...proxySecurity,
      logLevel,
      logFormat,
    ],
    examples: [
      'synod proxy --master localhost:8009 --mode 1=p:10::a:20::c:30',
      'synod proxy --link 9110=localhost:9010',
    ],
    load: async () => (await import('../proxy.js')).proxy,
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
    load: async () => (await import('../link.js')).link,
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
    load: async () => (await import('../fault.js')).fault,
  },
];
