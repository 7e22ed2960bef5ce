/** A direct message reaches a person who never opened its room, and nobody else. */
import t from 'tap';
import { Cluster } from '../support/cluster.js';

t.test('/msg: the other one sees it at once or on coming back; a third person sees nothing', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  const lala = cluster.chat('Lala');
  const eve = cluster.chat('Eve');
  await Promise.all([aaron.sayAndCommit('hi'), lala.sayAndCommit('hi'), eve.sayAndCommit('hi')]);

  aaron.say('/msg Lala between us');
  const heard = await lala.waitFor(
    'the message',
    (event) => event.event === 'message' && event.room === '@aaron,lala',
    10_000,
  );
  t.match(heard, { from: 'Aaron', text: 'between us', n: 1 });
  lala.say('/msg Aaron so it is');
  await aaron.waitFor('the answer', (event) => event.event === 'message' && event.text === 'so it is', 10_000);

  aaron.say('/msg Zoe for later');
  await aaron.waitFor('its commit', (event) => event.event === 'message' && event.text === 'for later', 10_000);
  const zoe = cluster.chat('Zoe');
  await zoe.waitFor('what waited for her', (event) => event.event === 'message' && event.text === 'for later', 10_000);

  await eve.sayAndCommit('anything new?');
  t.notOk(
    eve.events.some(({ room }) => room?.startsWith('@')),
    'a third person sees nothing of it',
  );
});
