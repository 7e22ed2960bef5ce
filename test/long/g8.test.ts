/** G8 (BEHAVIOUR.md, 6): without a majority nothing commits and everybody is told; one server back, and it goes on. */
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';

t.test('G8: two of three servers are killed, one comes back', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  await aaron.waitForConnected();
  await aaron.sayAndCommit('while all are there');
  const survivor = aaron.server;
  const victims = cluster.ids.filter((id) => id !== survivor);

  const before = aaron.events.length;
  await Promise.all(victims.map((id) => cluster.killServer(id)));
  const told = await aaron.waitFor('no quorum', (e) => e.event === 'quorum' && e.ok === false, 10_000, before);
  t.equal(told.ok, false, 'the client is told that a majority is down');
  const id = aaron.say('while two are down');
  const late = aaron.waitForState(id, 'unconfirmed', 20_000);

  // A sender that must know gives up with "outcome unknown", and a reader prints what is there.
  const sender = [
    'send',
    '--name',
    'Sender',
    '--balancer',
    cluster.balancerAddress,
    '--timeout',
    '2s',
    '--',
    'from send',
  ];
  const env = { XDG_CONFIG_HOME: `${cluster.root}/config-sender` };
  const sent = await runToEnd('synod', sender, 15_000, { env });
  t.equal(sent.code, 5, 'send without a quorum: exit 5');
  t.match(sent.stderr, /No quorum: 1 of 3 servers answers/, 'and says why');
  const check = runToEnd('test1', [`-master=${cluster.balancerAddress}`], 60_000, { env });
  await late;
  const checked = await check;
  t.equal(checked.code, 0, `test1: without a quorum nothing commits in 20 s\n${checked.stdout}${checked.stderr}`);
  t.notOk(
    aaron.events.some((event) => event.id === id && event.state === 'committed'),
    'nothing commits without a majority',
  );

  await cluster.startServer(victims[0] ?? 0);
  const committed = await aaron.waitForState(id, 'committed', 20_000);
  t.ok(committed, 'the same line commits once a majority is back');
  await aaron.waitFor('quorum again', (e) => e.event === 'quorum' && e.ok === true, 10_000, before);
  await aaron.sayAndCommit('and it goes on');
  await cluster.startServer(victims[1] ?? 0);
  await cluster.waitForAgreement();

  // What `send` and `test1` gave up on may be there or not.
  const strays = [
    { author: 'Sender', text: 'from send' },
    { author: 'KaranLala', text: 'hi' },
  ];
  await expectOneHistory(cluster, { watching: [aaron], strays });
  const own = aaron.messages.filter(({ from }) => from === 'Aaron').map(({ text }) => text);
  t.same(own, ['while all are there', 'while two are down', 'and it goes on']);
});
