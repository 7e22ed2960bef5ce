/** `test1`, the write-up's own scripted check, on a whole cluster and on one that lacks a server. */
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { runToEnd } from '../support/program.js';

t.test('test1 sees what each server must show', async (t) => {
  const cluster = await Cluster.start({ spelling: 'old' });
  t.teardown(() => cluster.stop());
  const env = { XDG_CONFIG_HOME: path.join(cluster.root, 'config') };
  const args = [`-master=${cluster.balancerAddress}`, '-timeout=20s'];

  const whole = await runToEnd('test1', args, 60_000, { env });
  t.equal(whole.code, 0, `${whole.stdout}${whole.stderr}`);
  for (const id of cluster.ids) t.match(whole.stdout, new RegExp(`\\b${id}\\b`), `it speaks of server ${id}`);

  await cluster.killServer(2);
  const two = await runToEnd('test1', args, 60_000, { env });
  t.equal(two.code, 0, `a majority is enough\n${two.stdout}${two.stderr}`);

  await cluster.balancer.kill();
  const none = await runToEnd('test1', [...args.slice(0, 1), '-timeout=1s'], 60_000, { env });
  t.equal(none.code, 4, 'without a balancer: exit 4');
});
