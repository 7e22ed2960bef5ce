/**
 * `synod demo` (npm start): balancer, fault proxy and servers as child processes, a chat on them, and an end that
 * leaves nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExitError, exitCodes } from '../base/index.js';
import { askOnce } from '../client/index.js';
import { type ClusterMember, LocalCluster } from '../cluster/index.js';
import { runChat } from './chat.js';
import type { Call } from './command.js';
import { withoutOptions } from './config/variables.js';
import { ownCommand, ownProgram } from './own-command.js';
import { Notes, wantsScreen } from './screen.js';
import { readAddress, readServers } from './values.js';

const usualAddress = '127.0.0.1:8009';
const usualApi = 'localhost:8474';
/** An election takes about half a second; a machine that needs longer shows what it does. */
const firstLeaderPatienceMs = 3_000;

export async function demo(call: Call): Promise<number> {
  const { options } = call;
  const notes = new Notes(call.output.note, wantsScreen(call));
  const output = { ...call.output, note: notes.note };
  const servers = readServers('--servers', options.text('servers') ?? '');
  const given = options.text('data-dir');
  const dataDir = path.resolve(given ?? mkdtempSync(path.join(tmpdir(), 'synod-demo-')));
  const isThrownAway = given === undefined && !options.has('keep');
  try {
    if (wantsScreen(call)) call.output.note(`starting a balancer, a fault proxy and ${servers} servers …`);
    const cluster = await start({ ...call, output }, servers, dataDir);
    try {
      await firstLeader(cluster, call.signal);
      introduce({ ...call, output }, cluster, dataDir, isThrownAway);
      return await runChat({ ...call, output }, { balancers: [cluster.balancer] }, 'all', { notes, api: cluster.api });
    } finally {
      notes.detach();
      await cluster.stop();
    }
  } finally {
    notes.detach();
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
  const own = { program: ownProgram(), calledAs: ownCommand(), dataDir, servers, proxy: { api: usualApi }, onEnd };
  const usual = { ...own, environment: withoutOptions(call.environment) };
  try {
    return await LocalCluster.start({ ...usual, listen }, call.signal);
  } catch (error) {
    const isBusy = error instanceof ExitError && error.exitCode === exitCodes.refused && given === undefined;
    if (!isBusy) throw error;
    return LocalCluster.start({ ...usual, listen: '127.0.0.1:0' }, call.signal);
  }
}

/**
 * Waits for the first election: a chat that begins a moment earlier is told that there is no quorum, which is true and
 * alarms who tries this out. After the patience the chat begins anyway.
 */
async function firstLeader(cluster: LocalCluster, signal: AbortSignal): Promise<void> {
  const servers = cluster.members.filter(({ title }) => title.startsWith('server'));
  const endMs = performance.now() + firstLeaderPatienceMs;
  while (performance.now() < endMs && !signal.aborted) {
    const answers = await Promise.all(
      servers.map(({ address }) => askOnce({ address, timeoutMs: 1_000 }, (operator) => operator.status())),
    );
    if (answers.every((answered) => answered.ok && answered.answer.happy)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
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
  const api = cluster.api === usualApi ? '' : ` --api ${cluster.api}`;
  note(`break it and heal it:  ${synod} link isolate 1${api}   ${synod} link heal${api}`);
  if (!wantsScreen(call)) note('type a line and press Enter; /help lists the commands; Ctrl-D ends the demo');
}
