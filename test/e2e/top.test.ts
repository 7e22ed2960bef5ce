/** `synod top` on a real cluster: a table for pipes, a live one on a terminal that it gives back; formats of logs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { launcherFolder, Program, runToEnd } from '../support/program.js';
import { noTmux, shellPrompt, Tmux } from '../support/tmux.js';

const deadlineMs = 20_000;

t.test('one table, with servers up and down', async (t) => {
  const cluster = await Cluster.start({ serverFlags: ['--log-format', 'json'] });
  t.teardown(() => cluster.stop());
  const leader = await cluster.leader();
  const [dead = 0, other = 0] = cluster.ids.filter((id) => id !== leader);
  await cluster.killServer(dead);
  const { code, stdout } = await runToEnd('synod', ['top', '--balancer', cluster.balancerAddress], 30_000);
  t.equal(code, 0);
  const lines = stdout.split('\n');
  t.match(lines[0], /^ID +ROLE +BALLOT +MSG\/S +P50 +P99 +FSYNC P99 +LAG +CLIENTS +QUEUE +RSS +CPU +NOTE$/);
  const rowOf = (id: number): string => lines.find((line) => line.startsWith(`s${id} `)) ?? '';
  for (const id of [leader, other]) {
    t.match(rowOf(id), /^s\d +(leader|follower) +\d+\.\d +0\.0 +- .* \d+M +\d+%$/, 'rates and memory');
  }
  t.match(rowOf(dead), /^s\d +DOWN .*connection refused$/);
  t.match(stdout, /quorum 2\/3 ok/);

  await t.test('on a terminal', { skip: noTmux }, async (t) => {
    const environment = { PATH: `${launcherFolder}:${process.env.PATH}` };
    const terminal = await Tmux.start({ columns: 160, rows: 20, environment });
    t.teardown(() => terminal.end());
    await terminal.say(`synod top --servers ${cluster.addresses}`);
    await terminal.waitForRow('the dead server', (row) => /^s\d +DOWN /.test(row), deadlineMs);
    await terminal.waitForRow('a rate of the leader', (row) => /^s\d +leader +\S+ +\d+\.\d/.test(row), deadlineMs);
    t.match(await terminal.modes(), { isAlternate: true, isCursorShown: false });
    await cluster.startServer(dead);
    await terminal.waitFor('all up', (rows) => !rows.some((row) => row.includes('DOWN')), deadlineMs);
    await cluster.killServer(other);
    const last = await terminal.waitForRow('who has died', (row) => row.includes('last seen'), deadlineMs);
    t.match(last, new RegExp(`^s${other} +DOWN .*connection refused; last seen \\d+s ago( as leader)? at slot \\d+`));
    await terminal.press('C-c');
    await terminal.waitForRow('the prompt', (row) => row.startsWith(shellPrompt), deadlineMs);
    t.match(await terminal.modes(), { isAlternate: false, isCursorShown: true }, 'the terminal is given back');
  });
});

t.test('the log as text and as JSON', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-log-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const logOf = async (format: readonly string[]): Promise<string> => {
    const place = path.join(folder, format.join(''));
    const balancer = new Program('synod', ['balancer', '--listen', '127.0.0.1:0', '--data-dir', place, ...format]);
    try {
      await balancer.waitForText('http-listening', deadlineMs);
    } finally {
      await balancer.kill();
    }
    return balancer.stderr;
  };
  const json = /^\{"level":30,"time":"[^"]+","component":"balancer","address":"[^"]+","event":"http-listening"\}$/m;
  t.match(await logOf(['--log-format', 'json']), json);
  t.match(await logOf([]), json, 'auto is JSON where no terminal is');
  t.match(await logOf(['--log-format', 'text']), /^\[[\d:.]+\] INFO: http-listening \{.*"address":/m);
  const wrong = await runToEnd('synod', ['balancer', '--log-format', 'xml'], deadlineMs);
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /--log-format takes auto or text or json, not 'xml'/);
});
