/**
 * `synod demo` (npm start): a balancer and servers as child processes, a chat on them, and an end that leaves nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExitError, exitCodes } from '../base/index.js';
import { readServers } from './balancer.js';
import { runChat } from './chat.js';
import { type ClusterMember, LocalCluster } from './cluster.js';
import type { Call } from './command.js';
import { ownCommand } from './own-command.js';
import { readAddress } from './values.js';

const usualAddress = '127.0.0.1:8009';

export async function demo(call: Call): Promise<number> {
  const { options, output } = call;
  const servers = readServers(options.text('servers') ?? '');
  const given = options.text('data-dir');
  const dataDir = path.resolve(given ?? mkdtempSync(path.join(tmpdir(), 'synod-demo-')));
  const isThrownAway = given === undefined && !options.has('keep');
  try {
    const cluster = await start(call, servers, dataDir);
    try {
      introduce(call, cluster, dataDir, isThrownAway);
      return await runChat(call, { balancers: [cluster.balancer] }, 'all');
    } finally {
      await cluster.stop();
    }
  } finally {
    if (isThrownAway) rmSync(dataDir, { recursive: true, force: true });
    else output.note(`The data is in ${dataDir}.`);
  }
}

/** On the usual port, so that `synod chat` in another terminal finds it; if somebody has that one, on a free port. */
async function start(call: Call, servers: number, dataDir: string): Promise<LocalCluster> {
  const given = call.options.text('listen');
  const listen = given === undefined ? usualAddress : readAddress('--listen', given);
  const onEnd = (member: ClusterMember, how: string): void => {
    call.output.note(`${member.title} has ended (${how}). Start it again: ${member.command}`);
  };
  try {
    return await LocalCluster.start({ dataDir, servers, listen, onEnd }, call.signal);
  } catch (error) {
    const isBusy = error instanceof ExitError && error.exitCode === exitCodes.refused && given === undefined;
    if (!isBusy) throw error;
    return LocalCluster.start({ dataDir, servers, listen: '127.0.0.1:0', onEnd }, call.signal);
  }
}

/** Says on stderr where everything is, so that a tour can kill a server and look around from another terminal. */
function introduce(call: Call, cluster: LocalCluster, dataDir: string, isThrownAway: boolean): void {
  const { note } = call.output;
  for (const { title, address, pid } of cluster.members) note(`${title.padEnd(9)} ${address.padEnd(16)} pid ${pid}`);
  const where = cluster.balancer === usualAddress ? '' : ` --balancer ${cluster.balancer}`;
  note(`data in ${dataDir}${isThrownAway ? ' (removed at the end)' : ''}`);
  const synod = ownCommand();
  note(`in another terminal: ${synod} chat --name lala${where}   ${synod} status${where}`);
  note('type a line and press Enter; /help lists the commands; Ctrl-D ends the demo');
}
