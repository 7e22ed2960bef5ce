/** The command that we suggest is one that works where the person stands. */
import t from 'tap';
import { ownCommand } from '../../src/cli/own-command.js';

t.test('in a checkout, installed, and started by hand', async (t) => {
  t.equal(ownCommand('/home/a/synod/bin/synod', '/home/a/synod'), 'bin/synod');
  t.equal(ownCommand('/usr/local/bin/synod', '/home/a'), 'synod');
  t.equal(ownCommand('/home/a/synod/dist/src/cli/main.js', '/home/a/synod'), 'node dist/src/cli/main.js');
  t.equal(ownCommand('/home/a/synod/dist/src/cli/main.js', '/tmp'), 'node /home/a/synod/dist/src/cli/main.js');
  t.equal(ownCommand('/home/a/synod/bin/crunner', '/home/a/synod'), 'synod');
});
