/** Puts two clients where a scenario wants them by nothing but the balancer's least load. */
import type { ChatClient } from './chat-client.js';
import type { Cluster } from './cluster.js';

/**
 * Aaron on server `victim`, Lala on another, and the third server with no client at all.
 * Passing clients fill the servers before the victim first, and leave again.
 */
export async function placeAaronAndLala(
  cluster: Cluster,
  victim: number,
): Promise<{ aaron: ChatClient; lala: ChatClient; third: number }> {
  const passing: ChatClient[] = [];
  for (let id = 1; id < victim; id++) {
    const filler = cluster.chat(`filler${id}`);
    passing.push(filler);
    await filler.waitForConnected();
  }
  const aaron = cluster.chat('Aaron');
  await aaron.waitForConnected();
  const lala = cluster.chat('Lala');
  await lala.waitForConnected();
  await Promise.all(passing.map((filler) => filler.finish()));
  const third = cluster.ids.find((id) => id !== aaron.server && id !== lala.server) ?? 0;
  await cluster.waitForStatus(`server ${third} without clients`, ({ servers }) =>
    servers.some(({ id, clients }) => id === third && clients === 0),
  );
  return { aaron, lala, third };
}
