/** A server replaced by another one while people chat: as a person at a terminal sees it, and killed on the way. */
import t from 'tap';
import { isAllZero } from '../../src/base/index.js';
import { describeVerdict } from '../checkers/history.js';
import { type Replacement, runReplacements } from '../nemesis/replacements.js';
import { Cluster } from '../support/cluster.js';
import { Load } from '../support/load.js';
import { judgeHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

const deadlineMs = 60_000;

t.test('the leader replaced at the second try, because the first new server died while it learnt', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const old = await cluster.waitForVotes(deadlineMs);
  const clients = cluster.ids.map((id) => cluster.chat(`At${id}`, ['--server', cluster.address(id)]));
  const routed = cluster.chat('Routed');
  await Promise.all([...clients, routed].map((client) => client.waitForConnected(deadlineMs)));
  const load = new Load([...clients, routed], {
    linesPerSecond: 40,
    inFlightMax: 8,
    explain: () => cluster.describe(),
  });
  t.teardown(() => load.stop());
  const replace = (...args: string[]) =>
    runToEnd('synod', ['server', 'replace', ...args, '--balancer', cluster.balancerAddress], deadlineMs);

  // What cannot be is refused, and says what could.
  const stranger = await replace('9', '--with', '4');
  t.equal(stranger.code, 3);
  t.match(stranger.stderr, /server 9 is no member: name one of 1, 2, 3/);
  const member = await replace('1', '--with', '2');
  t.equal(member.code, 3);
  t.match(member.stderr, /server 2 is a member already: give the new server another id/);
  const uninvited = cluster.run('synod', ['server', ...cluster.serverArgs(4, { port: 0 })]);
  t.equal((await uninvited.waitForExit(deadlineMs)).code, 3);
  t.match(uninvited.stderr, /synod server replace OLD --with 4/);

  const invited = await replace(`${old}`, '--with', '4', '--no-wait');
  t.equal(invited.code, 0);
  t.equal(invited.stdout, `server 4 is invited to take the seat of server ${old}\n`);
  const waited = await replace(`${old}`, '--with', '4', '--timeout', '2s');
  t.equal(waited.code, 5, 'nobody starts server 4');
  t.match(waited.stderr, /server 4 has not come: start it \(synod server --id 4\); the same command again follows it/);

  await cluster.inviteServer(4);
  await cluster.startServer(4);
  // Asked in this process: before it has its vote, it is dead.
  await until('server 4 to be known', deadlineMs, async () => {
    const seats = (await cluster.seatsAt(old))?.seats ?? [];
    return seats.some(({ id, takes, birthId }) => id === 4 && takes === old && !isAllZero(birthId));
  });
  await cluster.killServer(4);
  const rival = cluster.run('synod', [
    'server',
    'replace',
    `${old}`,
    '--with',
    '4',
    '--balancer',
    cluster.balancerAddress,
  ]);
  await rival.waitForLine('how far it is', (line) => line.startsWith('server 4 is there and learns'), deadlineMs);

  const following = cluster.run('synod', [
    ...['server', 'replace', `${old}`, '--with', '5', '--balancer', cluster.balancerAddress],
  ]);
  await following.waitForLine('the invitation', (line) => line.startsWith('server 5 is invited'), deadlineMs);
  t.equal((await rival.waitForExit(deadlineMs)).code, 3, 'whoever follows the first try is told');
  t.match(rival.stderr, new RegExp(`server 4 does not take the seat of server ${old} any more: server 5 was invited`));
  await cluster.inviteServer(5);
  await cluster.startServer(5);
  t.equal((await following.waitForExit(deadlineMs)).code, 0);
  const said = following.lines.map(({ text }) => text.replace(/: \d+ of \d+ /, ': K of N '));
  t.same(
    [...new Set(said)],
    [
      `server 5 is invited to take the seat of server ${old}`,
      'server 5 is there and learns: K of N slots',
      'server 5 votes',
      `server ${old} is out: if it still runs, it ends by itself`,
    ],
  );
  cluster.replaced(old, 5);

  const { code } = await cluster.server(old).waitForExit(deadlineMs);
  t.equal(code, 3, 'the old server ends');
  t.match(
    cluster.server(old).stderr.trimEnd().split('\n').at(-1),
    new RegExp(`refused by .*server ${old} was replaced`),
  );
  for (const gone of [old, 4]) {
    const again = cluster.spawnServer(gone);
    t.equal((await again.waitForExit(deadlineMs)).code, 3, `server ${gone} started again`);
    t.match(again.stderr, new RegExp(`server ${gone} was replaced`));
  }
  const again = await replace(`${old}`, '--with', '5');
  t.equal(again.code, 0, 'the same command again: it is done');

  await cluster.waitForVotes(deadlineMs);
  const status = await cluster.status();
  t.same(
    status.servers.map(({ id, seat, takes }) => ({ id, seat, takes })),
    cluster.ids.toSorted().map((id) => ({ id, seat: 'votes', takes: 0 })),
  );
  // The one that was told to use only the old server has nowhere to go; all others go on.
  const at = clients.splice(old - 1, 1)[0];
  await until('lines after it', deadlineMs, () => (at?.linesSaid ?? 0) > 0);
  load.stop();
  const others = [...clients, routed];
  await until('the lines of the others', deadlineMs, () => others.every((c) => c.linesSettled === c.linesSaid));
  await cluster.waitForAgreement(deadlineMs);
  const verdict = await judgeHistory(cluster, { watching: others, gone: at === undefined ? [] : [at] });
  t.ok(verdict.ok, describeVerdict(verdict));
});

t.test('killed on the way: a short share of `npm run replacements`', async (t) => {
  const replacements: Replacement[] = [{ old: 'leader', point: 'promoted', victim: 'seal' }];
  const summary = await runReplacements({ seed: 0, replacements, print: (line) => t.comment(line) });
  t.equal(summary.replacements, replacements.length);
});
