/** Planted bugs: switches that only tests set, to prove that the simulator would catch each (RELIABILITY.md, 3.1). */

export interface Plants {
  /** Something else is written in the place of each promise, so a restart forgets it. */
  readonly promiseForgotten: boolean;
  /** Accepted leaves before the vote is on disk, and the leader counts its own vote at once. */
  readonly ackBeforeSync: boolean;
  /** A vote that arrives twice counts twice. */
  readonly duplicateVote: boolean;
  /** A new leader proposes no-ops instead of what its quorum had accepted. */
  readonly noAdoption: boolean;
  /** A new leader adopts the value of the lowest instead of the highest ballot. */
  readonly wrongAdoption: boolean;
  /** An acceptor takes an accept below its promise. */
  readonly acceptBelowPromise: boolean;
  /** A follower commits what it accepted, at whatever ballot. */
  readonly commitOlderBallot: boolean;
  /** Ballots carry no incarnation, prepares wait for no disk, and the round is not kept: a restart reuses a ballot. */
  readonly ballotReused: boolean;
  /** The first prepare waits for the disk, its resend does not. */
  readonly ungatedResend: boolean;
  /** A leader that learns what it has not counted goes on announcing under its own ballot. */
  readonly deposedCommit: boolean;
  /** A new leader leaves holes below adopted slots unfilled, so that delivery stops there for ever. */
  readonly gapSkipped: boolean;
  /** What a member promised before its disk was emptied goes on being counted after it was re-admitted. */
  readonly promisesKept: boolean;
}

/** Production: none. */
export const noPlants: Plants = Object.freeze({
  promiseForgotten: false,
  ackBeforeSync: false,
  duplicateVote: false,
  noAdoption: false,
  wrongAdoption: false,
  acceptBelowPromise: false,
  commitOlderBallot: false,
  ballotReused: false,
  ungatedResend: false,
  deposedCommit: false,
  gapSkipped: false,
  promisesKept: false,
});
