/** What people and scripts say and read, and where it is copied to. */
import type { CommandSpec } from '../command.js';
import { callerSecurity } from '../security-options.js';
import {
  balancer,
  json,
  logFormat,
  logLevel,
  name,
  plain,
  proxyApi,
  redis,
  room,
  server,
  timeout,
  values,
} from './shared.js';

export const chatting: readonly CommandSpec[] = [
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
    load: async () => (await import('../chat.js')).chat,
  },
  {
    name: 'send',
    summary: 'send messages and wait until they are committed',
    about: 'Send one message (TEXT) or one for each line of stdin, and wait until all are committed.',
    positional: '[-- TEXT]',
    positionalMax: Number.POSITIVE_INFINITY,
    options: [name, room, balancer, server, timeout, json, ...callerSecurity],
    examples: ["synod send --name bot --room ops -- 'backup finished'", 'tail -f app.log | synod send --name app'],
    load: async () => (await import('../send.js')).send,
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
    load: async () => (await import('../tail.js')).tail,
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
    load: async () => (await import('../mirror.js')).mirror,
  },
];
