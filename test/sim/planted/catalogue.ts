/** Which planted bug is caught by what: the rules, under which options, within how many seeds. */
import { hotOptions } from '../hot-options.js';
import type { SimOptions } from '../options.js';
import type { PlantName } from './index.js';

export interface Catch {
  readonly name: PlantName;
  /** Seeds to try; several times what was needed when this was written. */
  readonly budget: number;
  /** The rules by which it may be caught: another one means that something else broke. */
  readonly rules: readonly string[];
  /** Laid over what the seed draws. */
  readonly options?: Partial<SimOptions>;
  /** False: only by its consequences. Default true. */
  readonly watchGate?: boolean;
}

/** What ends a run that is stuck. */
export const liveness: readonly string[] = ['acks resume', 'convergence'];
const agreement = ['one value per slot', 'applied before chosen', 'equal hashes', 'invariant'];
/** What is wrong with a disk shows when a server starts from it. */
const memory = ['recovery succeeds', 'promise fell', 'commit fell', 'vote lost', 'invariant'];
const second = 1_000_000;
const library = { library: true, retainSegments: 0 } as const;
const expiring = { ...library, sessionExpiryMs: 1500 } as const;

/** Everything is lost with a process, one process after the other. */
const inMemory = {
  ...hotOptions,
  memory: true,
  library: false,
  crashEveryUs: 2 * second,
  downForUs: 200_000,
  boundaryCrashPer100k: 20,
  safetyUs: 20 * second,
} as const;

/** Bugs of the protocol, caught at the gate before harm is done. */
export const atTheGate: readonly Catch[] = [
  { name: 'promiseForgotten', budget: 5, rules: ['frame before sync'] },
  { name: 'ackBeforeSync', budget: 5, rules: ['frame before sync', 'applied before chosen'] },
  { name: 'ballotReused', budget: 5, rules: ['frame before sync', 'one owner per ballot'] },
  { name: 'ungatedResend', budget: 80, rules: ['frame before sync'] },
];

/** The same and others, seen only by what they lead to. */
export const byConsequence: readonly Catch[] = [
  { name: 'ackBeforeSync', budget: 10, rules: agreement, options: hotOptions, watchGate: false },
  {
    name: 'ballotReused',
    budget: 60,
    rules: ['one owner per ballot', 'one value per ballot', ...agreement],
    options: hotOptions,
    watchGate: false,
  },
  { name: 'duplicateVote', budget: 40, rules: agreement, options: hotOptions },
  { name: 'noAdoption', budget: 20, rules: agreement, options: hotOptions },
  { name: 'wrongAdoption', budget: 100, rules: agreement, options: hotOptions },
  { name: 'acceptBelowPromise', budget: 200, rules: agreement, options: hotOptions },
  { name: 'commitOlderBallot', budget: 60, rules: agreement, options: hotOptions },
  { name: 'gapSkipped', budget: 200, rules: ['commit contiguous', ...liveness, ...agreement], options: hotOptions },
];

/** Bugs outside the protocol: disk, recovery, checkpoints, state machine, clients, balancer. */
export const outside: readonly Catch[] = [
  {
    name: 'syncErrorRetried',
    budget: 20,
    rules: memory,
    options: { ...hotOptions, diskErrorEveryUs: second / 2 },
  },
  { name: 'writeErrorIgnored', budget: 30, rules: memory },
  { name: 'syncLeftOut', budget: 10, rules: [...memory, ...agreement] },
  { name: 'directoryNotSynced', budget: 50, rules: [...memory, ...agreement] },
  {
    name: 'sameBytesNotWritten',
    budget: 100,
    rules: memory,
    options: { ...hotOptions, diskErrorEveryUs: second / 2 },
  },
  {
    name: 'damageCutOff',
    budget: 40,
    rules: [...memory, ...agreement],
    options: { ...hotOptions, damageEveryUs: second / 2, storeLossPercent: 30 },
  },
  {
    name: 'tornCheckpoint',
    budget: 40,
    rules: ['recovery succeeds', 'equal hashes', 'invariant'],
    options: { ...hotOptions, storeSyncUs: 300_000 },
  },
  {
    name: 'logCutTooEarly',
    budget: 30,
    rules: ['recovery succeeds', ...liveness],
    options: { ...hotOptions, storeSyncUs: 300_000, segmentBytes: 1 << 15 },
  },
  {
    name: 'deduplicationOff',
    budget: 10,
    rules: ['exactly once', 'ack is true', 'ack of something sent'],
    options: hotOptions,
  },
  { name: 'runsOvertake', budget: 40, rules: ['order per session', 'ack is true'], options: library },
  { name: 'localClockExpiry', budget: 20, rules: ['equal hashes'], options: { sessionExpiryMs: 1500 } },
  { name: 'moodyApply', budget: 60, rules: ['equal hashes'] },
  { name: 'wrongSlotInAck', budget: 5, rules: ['ack after apply', 'ack is true'] },
  { name: 'streamBeginsLate', budget: 10, rules: ['gapless streams'], options: { library: false } },
  { name: 'streamBeginsEarly', budget: 10, rules: ['gapless streams'], options: { library: false } },
  { name: 'unknownDenied', budget: 20, rules: ['unknown is never no'], options: expiring },
  { name: 'unknownSaidAgain', budget: 20, rules: ['exactly once', 'order per session'], options: expiring },
  {
    name: 'notReadmitted',
    budget: 10,
    rules: ['promise fell', 'vote lost', 'commit fell', ...agreement],
    options: inMemory,
  },
  { name: 'sealedTooSoon', budget: 5, rules: ['members are welcome', 'one cluster'], options: library },
];

/** Too rare for seeds: transcripts of `test/script/scenarios`. */
export const scripted: readonly { readonly name: PlantName; readonly file: string }[] = [
  { name: 'promiseForgotten', file: 'promise-forgotten-planted.txt' },
  { name: 'deposedCommit', file: 'deposed-leader-learns-planted.txt' },
  { name: 'commitOlderBallot', file: 'older-ballot-commit-planted.txt' },
];
