/** The deterministic Multi-Paxos replica: inputs in, effects out; no clock, no chance of its own, no I/O. */
export { ballotAbove, ballotText, compareBallots, isZero, sameBallot, zeroBallot } from './ballot.js';
export { type Configuration, Configurations, sealedConfiguration } from './configuration.js';
export type { EntryEncoder, RecoveredEntry, ReplicaOptions } from './context.js';
export type { AnswerLearn, Effects, Persist, Send, StandingChange } from './effects.js';
export { noEffects } from './effects.js';
export type { Input, Now, PaxosMessage } from './input.js';
export { noPlants, type Plants } from './plants.js';
export { isQuorum, majorityOf, Votes } from './quorum.js';
export { Replica } from './replica.js';
export type { ReplicaView } from './view.js';
