/**
 * 128 file descriptors, 200 callers: the listener sheds them with a clear answer and serves again (RELIABILITY.md, 38).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { nodeClock } from '../../src/base/index.js';
import { type CloseReason, type DialResult, dial, type FrameConnection, netContext } from '../../src/net/index.js';

const context = netContext(nodeClock);
const connect = (address: string): Promise<DialResult> =>
  new Promise((resolve) => void dial(address, { timeoutMs: 5_000 }, context, resolve));

t.test('out of descriptors', { skip: process.platform !== 'linux' && 'needs /proc/self/limits' }, async (t) => {
  const program = fileURLToPath(new URL('./crowded-listener.js', import.meta.url));
  const child = spawn('/bin/sh', ['-c', `ulimit -n 128; exec "${process.execPath}" "${program}"`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [address = '', max = ''] = line.split(' ');
  t.equal(Number(max), 80, '48 of 128 stay reserved');

  const held: FrameConnection[] = [];
  const reasons: CloseReason[] = [];
  let served = 0;
  for (let i = 0; i < 200; i++) {
    const result = await connect(address);
    if (!result.ok) continue;
    held.push(result.connection);
    result.connection.attach({ onMessage: () => served++, onClose: (reason) => reasons.push(reason) });
    result.connection.send({ type: 'route', request: i, kind: 'init', failed: '' });
  }
  const deadline = Date.now() + 10_000;
  while (reasons.length < held.length - 80 && Date.now() < deadline) await delay(10);
  t.equal(served, 80, 'the first ones are served');
  t.ok(reasons.length >= held.length - 80, `${reasons.length} of ${held.length} turned away`);
  t.ok(
    reasons.some((reason) => reason.code === 'BUSY'),
    'with a reason',
  );
  t.equal(child.exitCode, null, 'alive');
  for (const connection of held) connection.abandon('done');

  let again = false;
  while (!again && Date.now() < deadline + 10_000) {
    const result = await connect(address);
    if (!result.ok) continue;
    again = await new Promise<boolean>((resolve) => {
      result.connection.attach({ onMessage: () => resolve(true), onClose: () => resolve(false) });
      result.connection.send({ type: 'route', request: 1, kind: 'init', failed: '' });
    });
    result.connection.abandon('done');
  }
  t.ok(again, 'served again once they are gone');
});
