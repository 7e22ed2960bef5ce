/**
 * Named places at which a test makes this process crash, fail or wait; after etcd's gofail. Off they cost a comparison.
 * On only where the composition of a test build arms them (cli/test-build.ts); pure folders have none.
 *
 *   SYNOD_FAILPOINTS='wal.before-sync=3*off->crash; checkpoint.before-batch=1*delay(200)->off'
 *
 * A point has a chain of terms, each for so many hits (`3*`) or for ever; behind the last one it is off.
 * Actions: off · crash (SIGKILL to itself) · error (the step fails with EIO; where nothing can fail, it throws) ·
 * delay(ms) (the step waits; where nothing can, as stall) · stall(ms) (the event loop stands still) · panic (throws)
 */

import { type FailpointName, failpointNames } from './failpoint-names.js';
import { nodeClock } from './node-clock.js';

export type { FailpointName };
export { failpointNames };

const ACTIONS = ['off', 'crash', 'error', 'delay', 'stall', 'panic'] as const;
type ActionKind = (typeof ACTIONS)[number];

interface Term {
  readonly action: ActionKind;
  readonly ms: number;
  /** Hits left. */
  times: number;
}

type Armed = Map<string, Term[]>;

let armed: Armed | undefined;
let onFire: (name: FailpointName, action: string) => void = () => undefined;

/** @throws Error that says which part of `spec` is none. `fired` hears of every action but off, before it is done. */
export function armFailpoints(spec: string, fired: (name: FailpointName, action: string) => void): void {
  const points: Armed = new Map();
  for (const part of spec.split(';')) {
    if (part.trim() === '') continue;
    const [name = '', chain = ''] = part.split('=').map((text) => text.trim());
    if (!Object.hasOwn(failpointNames, name)) throw new Error(`there is no failpoint "${name}"`);
    points.set(name, chain.split('->').map(readTerm));
  }
  armed = points;
  onFire = fired;
}

function readTerm(text: string): Term {
  const match = /^(?:(\d+)\*)?([a-z]+)(?:\((\d+)\))?$/.exec(text.trim());
  const action = ACTIONS.find((known) => known === match?.[2]);
  const needsMs = action === 'delay' || action === 'stall';
  if (match === null || action === undefined || needsMs !== (match[3] !== undefined)) {
    throw new Error(`"${text}" is no term of a failpoint: write e.g. crash, 3*off->crash, 1*delay(200)`);
  }
  return {
    action,
    ms: Number(match[3] ?? 0),
    times: match[1] === undefined ? Number.POSITIVE_INFINITY : Number(match[1]),
  };
}

/** A place where nothing waits for anything. */
export function failpoint(name: FailpointName): void {
  if (armed === undefined) return;
  const term = hit(name);
  if (term === undefined) return;
  if (term.action === 'error' || term.action === 'panic') throw new Error(`failpoint ${name}`);
  stallMs(term.ms);
}

/** A step among steps in callback style: it may fail, and it may take its time. */
export function failStep(name: FailpointName): (done: (error: Error | undefined) => void) => void {
  return (done) => {
    const term = armed === undefined ? undefined : hit(name);
    if (term === undefined) done(undefined);
    else if (term.action === 'error') done(Object.assign(new Error(`EIO: failpoint ${name}`), { code: 'EIO' }));
    else if (term.action === 'delay') nodeClock.setTimeout(() => done(undefined), term.ms);
    else {
      if (term.action === 'panic') throw new Error(`failpoint ${name}`);
      stallMs(term.ms);
      done(undefined);
    }
  };
}

/** What is to be done at this hit; a crash is done already. */
function hit(name: FailpointName): Term | undefined {
  const term = armed?.get(name)?.find(({ times }) => times > 0);
  if (term === undefined) return undefined;
  term.times--;
  if (term.action === 'off') return undefined;
  onFire(name, term.action);
  if (term.action === 'crash') process.kill(process.pid, 'SIGKILL');
  return term;
}

function stallMs(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
