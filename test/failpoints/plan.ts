/** How each failpoint is reached in a real cluster under load. */
import { type FailpointName, failpointNames } from '../../src/base/index.js';

/**
 * run: by a server that runs, or starts, under load · rebuild: at a start without checkpoints · lead: while leaders
 * change · promise: the same, and another one campaigns · depose: by a leader that is stopped for a while · stop: on
 * SIGTERM · damage: at a start on a damaged state
 * store · trim: where old log is deleted · fetch, send: by a server that was away for too long, and by the others.
 */
export type How = 'run' | 'rebuild' | 'lead' | 'promise' | 'depose' | 'stop' | 'damage' | 'trim' | 'fetch' | 'send';

export interface Reach {
  readonly how: How;
  /** Hits that are let pass at most before the crash, so that it falls somewhere else each time. */
  readonly passMax: number;
}

/** Where nothing else is said: met at once or often. */
const byFolder: readonly (readonly [prefix: string, reach: Reach])[] = [
  ['identity.', { how: 'run', passMax: 0 }],
  ['open.replay', { how: 'rebuild', passMax: 20 }],
  ['open.', { how: 'run', passMax: 0 }],
  ['segment.', { how: 'run', passMax: 1 }],
  ['wal.before-roll', { how: 'run', passMax: 1 }],
  ['wal.mark', { how: 'stop', passMax: 0 }],
  ['wal.close', { how: 'stop', passMax: 0 }],
  ['wal.', { how: 'run', passMax: 60 }],
  ['gate.', { how: 'run', passMax: 60 }],
  ['step.', { how: 'run', passMax: 200 }],
  ['election.lost', { how: 'depose', passMax: 0 }],
  ['election.promised', { how: 'promise', passMax: 0 }],
  ['election.', { how: 'lead', passMax: 0 }],
  ['apply.', { how: 'run', passMax: 60 }],
  ['checkpoint.', { how: 'run', passMax: 2 }],
  ['retention.', { how: 'trim', passMax: 1 }],
  ['store.', { how: 'damage', passMax: 0 }],
  ['snapshot.chunk-sent', { how: 'send', passMax: 0 }],
  ['snapshot.', { how: 'fetch', passMax: 0 }],
  ['stop.', { how: 'stop', passMax: 0 }],
];

const everywhere = Object.keys(failpointNames) as FailpointName[];
/** Of `snapshot restore`, which is no part of a cluster that runs: test/long/killed-restore.test.ts crashes there. */
export const restoreNames = everywhere.filter((name) => name.startsWith('restore.'));
export const allNames = everywhere.filter((name) => !restoreNames.includes(name));

/** @throws Error for a failpoint that nobody has thought about. */
export function reachOf(name: FailpointName): Reach {
  const found = byFolder.find(([prefix]) => name.startsWith(prefix));
  if (found === undefined) throw new Error(`test/failpoints/plan.ts does not say how ${name} is reached`);
  return found[1];
}

/** They need a log whose beginning is deleted; a state store that is damaged needs all of it. */
export function needsRetention({ how }: Reach): boolean {
  return how === 'trim' || how === 'fetch' || how === 'send';
}
