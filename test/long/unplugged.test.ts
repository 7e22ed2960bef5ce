/** A host whose cable was out is back soon: TCP alone would wait about as long again as the cable was out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { askOnce } from '../../src/client/index.js';
import type { MessageOf } from '../../src/wire/index.js';
import { Hosts, noHosts } from '../support/hosts.js';
import { Program, runToEnd } from '../support/program.js';
import { nowMs, timePasses, until } from '../support/until.js';

const network = '10.213.8';
const names = ['host-1', 'host-2', 'host-3'] as const;
const own = `${network}.254`;
const balancer = `${own}:18009`;
/** The last attempt of TCP in this time comes after 12.6 s, the next one after 25.4. */
const outMs = 15_000;
const backWithinMs = 8_000;
const deadlineMs = 30_000;
t.setTimeout(180_000);

function addressOf(host: number): string {
  return `${network}.${host + 1}:9009`;
}

async function statusOf(host: number): Promise<MessageOf<'status'> | undefined> {
  const said = await askOnce({ address: addressOf(host), timeoutMs: 1_000 }, (server) => server.status());
  return said.ok ? said.answer : undefined;
}

t.test('a cable that was out for 15 s', { skip: noHosts }, async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'synod-unplugged-'));
  const hosts = new Hosts(
    Object.fromEntries(names.map((name, host) => [name, `${network}.${host + 1}/24`])),
    `${own}/24`,
  );
  const programs: Program[] = [];
  t.teardown(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    hosts.remove();
    rmSync(root, { recursive: true, force: true });
  });
  const start = (args: readonly string[], through: readonly string[] = []): Program => {
    const program = new Program('synod', [...args, '--insecure'], { cwd: root, through });
    programs.push(program);
    return program;
  };
  start(['balancer', '--listen', balancer, '--data-dir', 'balancer']);
  const servers = names.map((name, host) => {
    const args = ['server', '--id', `${host + 1}`, '--listen', addressOf(host), '--balancer', balancer];
    return start([...args, '--data-dir', name], hosts.through(name));
  });
  await Promise.all(servers.map((server) => server.waitForLine('READY', (line) => /^READY/.test(line), deadlineMs)));
  const leader = await until('a leader', deadlineMs, async () => (await statusOf(0))?.leader || undefined);
  const [cut = 0] = [2, 1].filter((host) => host + 1 !== leader);
  const say = async (text: string): Promise<void> => {
    const args = ['send', '--name', 'ann', '--server', addressOf(leader - 1), '--timeout', '20s', '--', text];
    const { code, stderr } = await runToEnd('synod', args, deadlineMs, { env: { XDG_CONFIG_HOME: root } });
    t.equal(code, 0, `${text} ${stderr}`);
  };

  await say('before');
  hosts.unplug(names[cut] ?? '');
  const outSinceMs = nowMs();
  // What the leader says to the server that cannot hear it is what TCP tries again, and ever less often.
  await say('meanwhile');
  await timePasses(outMs, outSinceMs);
  hosts.plug(names[cut] ?? '');
  const backMs = nowMs();
  await until(
    'the server to have what was said meanwhile',
    backWithinMs,
    async () => {
      const [ahead, back] = await Promise.all([statusOf(leader - 1), statusOf(cut)]);
      return back?.happy === true && back.applied >= (ahead?.committed ?? Number.POSITIVE_INFINITY);
    },
    () => programs.map((program) => program.describe()).join('\n'),
  );
  t.pass(`back after ${(nowMs() - backMs).toFixed(0)} ms`);
});
