/** Snapshots: a stopped server's state as a file, and a new cluster made of it. */
import type { CommandSpec, OptionSpec } from '../command.js';
import { json, servers } from './shared.js';

const dataDir: OptionSpec = { name: 'data-dir', value: 'DIR', help: '', general: false };

export const keeping: readonly CommandSpec[] = [
  {
    name: 'snapshot save',
    summary: "write a stopped server's state and log into one file",
    about:
      'Write state and messages of the stopped server in DIR into FILE, through the last slot that its log says is ' +
      'chosen: after an orderly stop that is all it had applied. Of several stopped servers take the one that was furthest.',
    positional: 'FILE --data-dir DIR',
    positionalMax: 1,
    options: [{ ...dataDir, help: 'the data directory of a stopped server (required)' }, json],
    examples: [
      'synod snapshot save ops.snap --data-dir synod-data/server-1',
      'synod snapshot save ops.snap --data-dir /var/lib/synod --json',
    ],
    load: async () => (await import('../snapshot.js')).snapshotSave,
  },
  {
    name: 'snapshot status',
    summary: 'what a snapshot holds, and whether it is sound',
    about: 'Read FILE to its end and check all of it. Ends with 7 if it is damaged.',
    positional: 'FILE',
    positionalMax: 1,
    options: [json],
    examples: ['synod snapshot status ops.snap', 'synod snapshot status ops.snap --json'],
    load: async () => (await import('../snapshot.js')).snapshotStatus,
  },
  {
    name: 'snapshot restore',
    summary: 'make the data of a new cluster out of a snapshot',
    about:
      'Make DIR with the data directories of a new cluster, which begins with what FILE holds: names with their tokens, ' +
      'rooms, messages with numbers, senders and times, and what operators decided. It is another cluster than the one ' +
      'that was saved, and the two cannot meet. Prints how to start it; its balancer needs an empty directory.',
    positional: 'FILE --data-dir DIR',
    positionalMax: 1,
    options: [
      { ...servers, general: false },
      { ...dataDir, help: 'where server-1, server-2 … shall be; missing or empty (required)' },
      json,
    ],
    examples: [
      'synod snapshot restore ops.snap --data-dir restored',
      'synod snapshot restore ops.snap --servers 5 --data-dir restored',
    ],
    load: async () => (await import('../snapshot.js')).snapshotRestore,
  },
];
