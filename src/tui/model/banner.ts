/** The one thing that the user should know now: what happened, what it means, what to do (UX.md 2.5). */
import { age } from './look.js';
import type { Model } from './model.js';

export interface Banner {
  readonly text: string;
  readonly isAlarm: boolean;
}

/** Undefined while all is well. */
export function bannerOf(model: Model): Banner | undefined {
  const { connection, nowMs } = model;
  const { refusedName, quorum, server, waiting, lost, reason, retryAtMs, standing } = connection;
  if (refusedName !== undefined) {
    const text = `The name "${refusedName}" belongs to another user; you can read, but not write. Pick another one: /nick ${refusedName}2`;
    return { text, isAlarm: true };
  }
  if (waiting !== undefined && server === undefined) {
    const text = `Waiting for servers: ${waiting.registered} of ${waiting.servers} are in. You can type; messages wait here.`;
    return { text, isAlarm: false };
  }
  const retry = retryAtMs === undefined ? 'connecting now' : `next try in ${age(retryAtMs - nowMs + 999)}`;
  if (server === undefined && (lost !== undefined || reason !== '')) {
    const what =
      lost === undefined
        ? reason
        : `Server ${lost.id} stopped answering ${age(nowMs - lost.atMs)} ago (${lost.reason})`;
    return { text: `${what}. You can type; messages wait here. ${retry}`, isAlarm: true };
  }
  if (quorum !== undefined && !quorum.ok) {
    const { up, servers } = quorum;
    const answer = up === 1 ? '1 of' : `${up} of`;
    const needed = Math.floor(servers / 2) + 1;
    const text = `No quorum: ${answer} ${servers} servers answers. You can read and type; messages wait here until ${needed} are back. /status`;
    return { text, isAlarm: true };
  }
  if (server !== undefined && standing !== undefined && standing.leader === 0) {
    return {
      text: 'No leader at the moment: an election runs. Messages wait and go out by themselves.',
      isAlarm: false,
    };
  }
  return undefined;
}
