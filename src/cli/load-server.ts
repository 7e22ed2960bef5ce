/**
 * Loads a server's program one layer after the other. All at once, Node opens the files of hundreds of modules side by
 * side, more than a process may that has 64 descriptors (RELIABILITY.md, pitfall 38): it would not even start.
 */
import type { Main } from './command.js';

export async function loadServer(): Promise<Main> {
  await import('../wire/index.js');
  await import('../net/index.js');
  await import('../storage/index.js');
  await import('../chat/index.js');
  await import('../paxos/index.js');
  await import('../proxy/index.js');
  await import('../daemon/index.js');
  return (await import('./server.js')).server;
}
