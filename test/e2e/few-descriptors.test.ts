/**
 * A server with 64 descriptors and 200 callers: it sheds them, its log still gets its next segment, it serves again.
 */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { until } from '../support/until.js';

const filesMax = 64;
const callers = 200;
/** A directory's first segment is small; this is more. */
const linesOfLog = 700;
const text = 'x'.repeat(8_000);

t.test(
  'out of descriptors while the log rolls',
  { skip: process.platform !== 'linux' && 'needs prlimit' },
  async (t) => {
    const through = ['prlimit', `--nofile=${filesMax}`];
    const cluster = await Cluster.start({ serverOptions: (id) => (id === 1 ? { through } : {}) });
    t.teardown(() => cluster.stop());
    const aaron = cluster.chat('Aaron', ['--room', '#lobby']);
    await aaron.sayAndCommit('before', 20_000);
    const segments = (): number => readdirSync(cluster.dataDir(1)).filter((name) => name.startsWith('wal-')).length;
    const segmentsBefore = segments();

    const sockets = await callAll(cluster.address(1));
    await until(
      'most of the callers to be turned away',
      20_000,
      () => sockets.filter((socket) => socket.destroyed).length > callers - filesMax,
      () => `${sockets.filter((socket) => socket.destroyed).length} of ${callers} are closed`,
    );
    for (let i = 0; i < linesOfLog; i++) aaron.say(`${i} ${text}`);
    await until(
      'the lines to be committed',
      60_000,
      () => aaron.linesSettled > linesOfLog,
      () => cluster.describe(),
    );
    await until(
      'the log to have rolled',
      20_000,
      () => segments() > segmentsBefore,
      () => cluster.describe(),
    );
    t.equal(cluster.server(1).exit, undefined, 'the server lives');

    for (const socket of sockets) socket.destroy();
    const lala = cluster.watch(1);
    await lala.waitFor('to be served again', ({ event }) => event === 'connected', 20_000);
    await cluster.waitForAgreement(60_000);
    await expectOneHistory(cluster, { watching: [aaron] });
    t.match(cluster.server(1).stderr, /connections-full|accept-failed/, 'and said what was missing');
  },
);

/** Opens all sockets; what the server says to them is read, so that their ends are seen. */
async function callAll(address: string): Promise<Socket[]> {
  const [host = '', port = ''] = address.split(':');
  const sockets = Array.from({ length: callers }, () => connect({ host, port: Number(port) }));
  for (const socket of sockets) {
    // A reset is one of the ways to be turned away.
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.resume();
  }
  await until('every caller to be through', 20_000, () => sockets.every((socket) => !socket.connecting));
  return sockets;
}
