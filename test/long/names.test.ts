/** Rooms and names in an operator's hands, with real processes: what is printed, how it ends, what people see. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

const deadlineMs = 60_000;

t.test('rooms and names in an operator’s hands', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  await cluster.waitForVotes(deadlineMs);
  const home = mkdtempSync(path.join(cluster.root, 'home-'));
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    runToEnd('synod', args, deadlineMs, { env: { XDG_CONFIG_HOME: home, ...env } });
  /** As an operator, through the balancer. */
  const operate = (...args: string[]) => run([...args, '--balancer', cluster.balancerAddress]);
  const send = (name: string, text: string, config = home) =>
    run(['send', '--name', name, '--room', 'ops', '--balancer', cluster.balancerAddress, '--', text], {
      XDG_CONFIG_HOME: config,
    });

  // What cannot be is refused, and says what could.
  t.match(await operate('room', 'retain', '#ops', '--count', '10'), {
    code: 3,
    stderr: /nothing was ever said in #ops/,
  });
  for (const [args, told] of [
    [['room', 'retain'], /which room\?/],
    [['room', 'retain', '#ops'], /how much\? Give --count, --age, or --all/],
    [['room', 'retain', '#ops', '--count', '0'], /--count takes a whole number from 1 on/],
    [['room', 'retain', '#ops', '--age', '999999999d'], /--age takes an age from 1s to 36525d/],
    [['room', 'retain', '#ops', '--age', '5'], /such as 12h or 30d, not '5'/],
    [['room', 'retain', '#ops', '--all', '--count', '3'], /--all deletes nothing/],
    [['name', 'block', 'two words'], /is no name/],
    [['name', 'block', 'lala', '--why', 'x'.repeat(201)], /at most 200 bytes/],
    [['name', 'recover'], /which name\?/],
  ] as const)
    t.match(await operate(...args), { code: 2, stderr: told }, args.join(' '));
  t.match(await operate('name', 'recover', 'lala'), {
    code: 3,
    stdout: '',
    stderr: /nobody has claimed the name lala/,
  });
  t.match(await operate('name', 'release', 'lala'), { code: 3, stderr: /nobody has claimed the name lala/ });
  t.match(await operate('name', 'unblock', 'lala'), { code: 3, stderr: /lala is not blocked/ });

  // A name is blocked while its bearer is connected, under another spelling.
  const lala = cluster.chat('Lala');
  await lala.waitForConnected(deadlineMs);
  await lala.sayAndCommit('before', deadlineMs);
  t.match(await operate('name', 'block', 'LALA', '--why', 'spam', '--json'), {
    code: 0,
    stdout: '{"event":"block","name":"LALA","why":"spam"}\n',
  });
  await until('it is told', deadlineMs, () => lala.events.some(({ code }) => code === 'NAME_BLOCKED'));
  lala.say('meanwhile');
  await until('the line is refused', deadlineMs, () =>
    lala.events.some(({ state, reason }) => state === 'failed' && /name is blocked/.test(reason ?? '')),
  );
  t.match((await operate('name', 'list', '--blocked', '--json')).stdout, '"name":"Lala","claimed":true,"blocked":true');
  t.match(await send('lala', 'again'), { code: 3, stderr: /The name is blocked/ }, 'under any spelling');
  t.match(await operate('name', 'unblock', 'lala'), { code: 0 });
  lala.say('after');
  await until('the line is in', deadlineMs, () => lala.events.some(({ state, n }) => state === 'committed' && n === 2));

  // A token is lost.
  t.match(await send('bob', 'mine'), { code: 0 });
  const elsewhere = mkdtempSync(path.join(cluster.root, 'elsewhere-'));
  t.match(await send('bob', 'it is me', elsewhere), { code: 3, stderr: /belongs to another user/ });
  const recovered = await operate('name', 'recover', 'BOB');
  t.equal(recovered.code, 0);
  t.match(recovered.stdout, /^[0-9a-f]{64}\n$/);
  const file = path.join(elsewhere, 'token');
  writeFileSync(file, recovered.stdout);
  const identity = path.join(elsewhere, 'synod', 'identity');
  const before = readFileSync(identity, 'utf8');
  const imported = await run(['identity', 'import', file], { XDG_CONFIG_HOME: elsewhere });
  t.equal(imported.code, 0);
  t.match(imported.stdout, `the one before is kept in ${identity}.before-1`);
  t.equal(readFileSync(`${identity}.before-1`, 'utf8'), before);
  t.equal(readFileSync(identity, 'utf8'), recovered.stdout);
  t.match(await send('bob', 'it is me', elsewhere), { code: 0 });
  t.match(await send('bob', 'mine'), { code: 3, stderr: /belongs to another user/ }, 'the old token has lost it');
  writeFileSync(file, 'no token');
  t.match(await run(['identity', 'import', file]), { code: 3, stderr: /holds no token/ });

  // A room keeps its newest; all servers agree, also when all of them were started anew.
  t.match(await operate('room', 'retain', 'ops', '--count', '1'), {
    code: 0,
    stdout: '#ops keeps its newest message\n',
  });
  const tail = () => operate('tail', '--room', 'ops');
  t.match(await tail(), {
    code: 0,
    stderr: /1 message of #ops is deleted by its retention; the room goes on with message 2/,
  });
  t.match(await operate('verify'), { code: 0, stdout: /all 3 are equal/ });
  for (const id of cluster.ids) await cluster.killServer(id);
  await cluster.startServers();
  await cluster.waitForVotes(deadlineMs);
  const after = await tail();
  t.match(after, { code: 0, stderr: /1 message of #ops is deleted/ });
  t.match(after.stdout, /<bob> it is me\n$/);
  t.match(await operate('name', 'release', 'bob'), { code: 0 });
  t.match(await send('bob', 'anybody'), { code: 0 }, 'and anybody may claim it');
  t.match(await operate('verify'), { code: 0, stdout: /all 3 are equal/ });
});
