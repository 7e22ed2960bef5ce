/** A chat whose server hangs while its first balancer hangs, too: how long it is kept waiting. */
import { createServer } from 'node:net';
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { Cluster } from '../support/cluster.js';
import { freePort } from '../support/ports.js';
import { nowMs } from '../support/until.js';

t.setTimeout(120_000);
const deadlineMs = 20_000;
/** What a client waits for one balancer (CONTRACT.md, Limits). */
const dialTimeoutMs = 2_000;
/** After so much silence it leaves a server. */
const silenceMs = limits.probeMs + limits.probeSilentMs;

/** Where packets vanish, or a process hangs, looks like this: it takes connections and says nothing. */
async function silentListener(t: { teardown(fn: () => void): void }): Promise<string> {
  const port = await freePort();
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  return `127.0.0.1:${port}`;
}

t.test('its server and its first balancer hang: silence, a moment, and the second balancer', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const silent = await silentListener(t);
  const chat = cluster.chat('Aaron', ['--balancer', `${silent},${cluster.balancerAddress}`]);
  await chat.sayAndCommit('before');
  const server = chat.server;
  const startMs = nowMs();
  cluster.server(server).signal('SIGSTOP');
  const { atMs } = await chat.sayAndCommit('after', deadlineMs);
  const waitedMs = atMs - startMs;
  t.comment(`waited ${waitedMs.toFixed(0)} ms`);
  t.not(chat.server, server);
  t.ok(waitedMs > silenceMs - 250, `${waitedMs} ms: the server was given its time`);
  t.ok(waitedMs < silenceMs + dialTimeoutMs - 500, `${waitedMs} ms: the first balancer was not waited for`);
});
