/** The refusals to mix two clusters in one set of streams. */
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

/**
 * There are streams beside `key`, which is missing, and no room of the cluster `answers` tells whether they are its.
 */
export function unknownCluster(answers: string, key: string): ExitError {
  const what = `there are streams, no '${key}' that tells of which cluster, and no message left in them to compare`;
  const own = `If they are of the cluster that answers, say so: redis-cli HSET '${key}' id ${answers}`;
  const remedy = 'Else use another --prefix or database, or remove them (docs/REDIS.md, Another cluster)';
  return new ExitError(exitCodes.refused, 'UNKNOWN_CLUSTER', `${what}. ${own}. ${remedy}`);
}
