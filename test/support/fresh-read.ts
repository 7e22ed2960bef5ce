/** A fresh read of a room's complete history from one server, with `synod tail`. */
import type { FreshRead, ServerLog } from '../checkers/history.js';
import type { ChatEvent } from './chat-client.js';
import { runToEnd } from './program.js';
import { nowMs } from './until.js';

/**
 * `where` names the server and how to reach it, as options. `read` is undefined when the server said that no quorum
 * confirmed it (exit 5): then it promises nothing.
 */
export async function freshRead(
  id: number,
  room: string,
  where: readonly string[],
): Promise<{ log: ServerLog; read: FreshRead | undefined }> {
  const invokeMs = nowMs();
  const args = ['tail', '--json', '--room', room, ...where];
  const { code, stdout, stderr } = await runToEnd('synod', args, 30_000);
  if (code !== 0 && code !== 5) throw new Error(`tail from server ${id}: exit ${code}: ${stderr.slice(-1000)}`);
  const entries = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ChatEvent)
    .filter((event) => event.event === 'message')
    .map(({ n, slot, from, text }) => ({ position: n ?? 0, slot: slot ?? 0, author: from ?? '', text: text ?? '' }));
  const log = { server: String(id), entries };
  const read = { client: `tail of server ${id}`, invokeMs, returnMs: nowMs(), length: entries.at(-1)?.position ?? 0 };
  return { log, read: code === 0 ? read : undefined };
}
