/**
 * Whether nothing that was acknowledged is missing, and nothing is there that nobody sent: by a fresh read of every
 * room.
 */
import { randomBytes } from 'node:crypto';
import { nodeClock } from '../../base/index.js';
import { ChatClient } from '../../client/index.js';
import type { Counts } from '../load/load.js';
import type { HistoryCheck } from '../plan/result.js';
import { sleep } from './wait.js';

/** A server may have been started again a moment ago. */
const readTimeoutMs = 20_000;
const askTimeoutMs = 5_000;
const pauseMs = 100;

/** `all`: what became of all messages ever posted to these rooms. */
export async function checkHistory(
  rooms: readonly string[],
  balancers: readonly string[],
  all: Counts,
): Promise<HistoryCheck> {
  const reader = new ChatClient({ token: randomBytes(32), balancers });
  reader.connect();
  try {
    const endMs = nodeClock.monotonicMs() + readTimeoutMs;
    let posts = 0;
    for (const room of rooms) {
      const held = await postsIn(reader, room, endMs);
      if (held === undefined) return judgeHistory(all, null);
      posts += held;
    }
    return judgeHistory(all, posts);
  } finally {
    await reader.close();
  }
}

/** What a room holds; undefined when no quorum confirmed a read in time. */
async function postsIn(reader: ChatClient, room: string, endMs: number): Promise<number | undefined> {
  while (nodeClock.monotonicMs() < endMs) {
    const asked = await reader.history({ room, limit: 1, fresh: true }, askTimeoutMs);
    if (asked.ok && asked.answer.fresh) return asked.answer.headN;
    await sleep(nodeClock, pauseMs, new AbortController().signal);
  }
  return undefined;
}

/** Each message is there once if it was acknowledged, not at all if it failed, and either if nobody knows. */
export function judgeHistory({ ok, unknown }: Counts, posts: number | null): HistoryCheck {
  const found = (state: HistoryCheck['state']): HistoryCheck => ({ state, acknowledged: ok, unknown, posts });
  if (posts === null) return found('unchecked');
  if (posts < ok) return found('incomplete');
  return found(posts > ok + unknown ? 'excess' : 'complete');
}
