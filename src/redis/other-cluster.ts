/** The refusal to mix two clusters in one set of streams. */
import { ExitError, exitCodes } from '../base/index.js';

/**
 * The streams are of the cluster `held`, and the servers of another one: restored, or made anew. `key` tells of which
 * cluster the streams are.
 */
export function otherCluster(held: string, answers: string, key: string): ExitError {
  const what =
    `the streams beside '${key}' are of cluster ${held.slice(0, 8)}, and cluster ${answers.slice(0, 8)} answers: its ` +
    'messages have numbers of their own, and both would be mixed';
  const remedy = `use another --prefix or database, or remove the streams and '${key}' (docs/REDIS.md, Another cluster)`;
  return new ExitError(exitCodes.refused, 'FOREIGN_CLUSTER', `${what}. To go on ${remedy}`);
}
