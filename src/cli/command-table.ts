/** The one table of commands and their options: parsing, help and did-you-mean are all made from it. */
import type { CommandSpec, OldSpelling, OptionSpec } from './command.js';
import { breaking } from './table/breaking.js';
import { chatting } from './table/chatting.js';
import { deciding } from './table/deciding.js';
import { helping } from './table/helping.js';
import { keeping } from './table/keeping.js';
import { measuring } from './table/measuring.js';
import { running } from './table/running.js';
import { json, timeout } from './table/shared.js';
import { watching } from './table/watching.js';

/** Options that every command takes. */
export const commonOptions: readonly OptionSpec[] = [
  { name: 'config', value: 'FILE', help: 'read options from this file, see synod help config', flagOnly: true },
  { name: 'help', help: 'print this text', flagOnly: true },
  { name: 'version', help: 'print the version', flagOnly: true },
];

/** In the order in which help lists them. */
export const commands: readonly CommandSpec[] = [
  ...running,
  ...chatting,
  ...watching,
  ...deciding,
  ...keeping,
  ...breaking,
  ...measuring,
  ...helping,
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
