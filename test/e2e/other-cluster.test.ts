/**
 * An operator makes the cluster anew at its old addresses, or restores it: chat and tail go on, send ends, all say so.
 */
import t from 'tap';
import { Cluster } from '../support/cluster.js';

t.setTimeout(120_000);
const deadlineMs = 20_000;

t.test('chat, tail and send when their cluster is made anew under them', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const chat = cluster.chat('Aaron');
  for (const text of ['one', 'two', 'three', 'four']) await chat.sayAndCommit(text);
  const args = ['--balancer', cluster.balancerAddress];
  const tail = cluster.run('synod', ['tail', '--follow', '--from', '3', ...args]);
  await tail.waitForLine('the fourth line', (line) => line.includes('four'), deadlineMs);
  const env = { XDG_CONFIG_HOME: `${cluster.root}/sender` };
  const send = cluster.run('synod', ['send', '--name', 'sender', '--room', '#ops', '--timeout', '30s', ...args], {
    env,
  });
  send.write('before\n');
  await send.waitForLine('its commit', (line) => line.startsWith('committed #ops 1 '), deadlineMs);
  const before = (await cluster.status()).cluster;

  // Without a majority it is taken and not committed: nobody will ever know.
  for (const id of cluster.ids.slice(1)) cluster.server(id).signal('SIGSTOP');
  send.write('during\n');
  const unknown = chat.say('unknown');
  await chat.waitForState(unknown, 'sending', deadlineMs);
  for (const id of cluster.ids) await cluster.killServer(id);
  await chat.waitFor('disconnected', ({ event }) => event === 'disconnected', deadlineMs);
  const waiting = chat.say('waiting');
  await chat.waitForState(waiting, 'queued', deadlineMs);
  // More input comes all the time: what waits when the new one answers, and what is read later, would go into it.
  const more = setInterval(() => send.write('after\n'), 100);
  t.teardown(() => clearInterval(more));
  await cluster.makeAnew();
  t.not((await cluster.status()).cluster, before);

  const told = await chat.waitFor('the word', ({ code }) => code === 'OTHER_CLUSTER', deadlineMs);
  t.match(told, { event: 'error', text: new RegExp(`before it was ${before.slice(0, 8)}.*begin anew.*send again`) });
  t.match(
    chat.events.findLast(({ id }) => id === unknown),
    { state: 'unconfirmed', reason: /not sent again by itself/ },
  );
  t.match(
    chat.events.findLast(({ id }) => id === waiting),
    { state: 'failed', reason: /send it again/ },
  );
  const id = chat.say('first here');
  t.match(await chat.waitForState(id, 'committed', deadlineMs), { n: 1 });
  t.match(await chat.waitForText('first here', deadlineMs), { n: 1 });
  t.match(
    chat.events.filter(({ event, n }) => event === 'message' && n === 1).map(({ text }) => text),
    ['one', 'first here'],
  );

  await tail.waitForLine('the first line of the new one', (line) => line.includes('first here'), deadlineMs);
  const place = tail.lines.findIndex(({ text }) => text.startsWith('-- error OTHER_CLUSTER: Another cluster answers'));
  t.ok(place > 0, tail.describe());
  t.notOk(
    tail.lines.slice(place).some(({ text }) => text.includes('four')),
    'nothing of the old one behind it',
  );

  t.equal((await send.waitForExit(deadlineMs)).code, 5, 'of one line nobody knows');
  clearInterval(more);
  t.equal(send.lines.length, 1, 'nothing of its went into the new one');
  t.match(send.stderr, /synod: message 2 unconfirmed: Another cluster answers now/);
  t.match(send.stderr, /synod: Another cluster answers \(.*1 line without an answer may be in the old one only/);
  t.match(send.stderr, /synod: Nothing more is read or sent; look what is missing/);
});
