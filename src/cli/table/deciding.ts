/** What operators decide in the log, and how its owner takes a name back. */
import type { CommandSpec } from '../command.js';
import { decider, values } from './shared.js';

export const deciding: readonly CommandSpec[] = [
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
      {
        name: 'all',
        help: 'delete nothing from now on',
        general: false,
        rules: [{ kind: 'excludes', others: ['count', 'age'], because: 'deletes nothing' }],
      },
      ...decider,
    ],
    examples: ["synod room retain '#ops' --count 10000", "synod room retain '#ops' --age 30d"],
    load: async () => (await import('../room-retain.js')).roomRetain,
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
    load: async () => (await import('../names.js')).nameBlock,
  },
  {
    name: 'name unblock',
    summary: 'let a blocked name write again',
    about: 'Take back a block. Clients that are still connected under NAME may write again at once.',
    positional: 'NAME',
    positionalMax: 1,
    options: decider,
    examples: ['synod name unblock lala', 'synod name unblock root --server 127.0.0.1:9010'],
    load: async () => (await import('../names.js')).nameUnblock,
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
    load: async () => (await import('../names.js')).nameRelease,
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
    load: async () => (await import('../names.js')).nameRecover,
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
    load: async () => (await import('../names.js')).nameList,
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
    load: async () => (await import('../identity.js')).identityImport,
  },
];
