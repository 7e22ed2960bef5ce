/** The one thing that the user should know now: what happened, what it means, what to do (UX.md 2.5). */
import { otherName } from '../../base/index.js';
import { wrap } from '../text/index.js';
import { age } from './look.js';
import type { Model } from './model.js';

export interface Banner {
  readonly text: string;
  readonly isAlarm: boolean;
}

/** Undefined while all is well. What can be done stands in front: a small screen shows the beginning. */
export function bannerOf(model: Model): Banner | undefined {
  const { connection, nowMs } = model;
  const { refusedName, quorum, server, waiting, lost, reason, standing } = connection;
  if (refusedName !== undefined) {
    const text = `Pick another name, /nick ${otherName(refusedName)}: "${refusedName}" belongs to another user. Until then you can read, not write.`;
    return { text, isAlarm: true };
  }
  if (waiting !== undefined && server === undefined) {
    const text = `Waiting for servers: ${waiting.registered} of ${waiting.servers} are in. You can type; messages wait here.`;
    return { text, isAlarm: false };
  }
  if (server === undefined && (lost !== undefined || reason !== '')) {
    const what = lost === undefined ? reason : `Lost server ${lost.id} ${age(nowMs - lost.atMs)} ago: ${lost.reason}`;
    return { text: `You can type, messages wait here. ${what}`, isAlarm: true };
  }
  if (quorum !== undefined && !quorum.ok) {
    const { up, servers } = quorum;
    const needed = Math.floor(servers / 2) + 1;
    const text = `No quorum: ${up} of ${servers} servers up. You can read and type; messages wait until ${needed} are back. /status`;
    return { text, isAlarm: true };
  }
  if (server !== undefined && standing !== undefined && standing.leader === 0) {
    return { text: 'An election runs: no leader yet. Messages wait and go out by themselves.', isAlarm: false };
  }
  return undefined;
}

/** How many rows it would like. */
export function bannerRowsOf(model: Model): number {
  const banner = bannerOf(model);
  return banner === undefined ? 0 : wrap(banner.text, Math.max(1, model.columns - 2)).length;
}
