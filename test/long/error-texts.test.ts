/** Every error text that people are promised (what happened, what it means, what to do) is provoked, and read. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Cluster } from '../support/cluster.js';
import { freePort } from '../support/ports.js';
import { launcherFolder, Program, runToEnd } from '../support/program.js';
import { noTmux, Tmux } from '../support/tmux.js';

const deadlineMs = 30_000;
t.setTimeout(240_000);

t.test('no balancer: whether it runs, how to start one, how to name another', async (t) => {
  const address = `127.0.0.1:${await freePort()}`;
  const text =
    `No balancer at ${address} (connection refused). Is it running? Start one: synod balancer ` +
    '(or pass --balancer HOST:PORT)';
  for (const args of [
    ['status', '--balancer', address],
    ['send', '--balancer', address, '--timeout', '1s', '--', 'x'],
  ]) {
    const { code, stderr } = await runToEnd('synod', args, deadlineMs);
    t.equal(code, 4, args.join(' '));
    t.match(stderr, text, args.join(' '));
  }
  const chat = await runToEnd('synod', ['chat', '--plain', '--balancer', address, '--timeout', '1s'], deadlineMs);
  t.match(chat.stdout, text, 'chat');
  const server = new Program('synod', ['server', '--id', '1', '--listen', '127.0.0.1:0', '--balancer', address], {
    cwd: t.testdir(),
  });
  await server.waitForText(text, deadlineMs);
  server.signal('SIGTERM');
  t.equal((await server.waitForExit(deadlineMs)).code, 0, 'a server goes on asking, and obeys');
});

t.test('a busy port: who may have it, and the option of this very spelling', async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  t.teardown(() => holder.close());
  const { port } = holder.address() as { port: number };
  const cwd = t.testdir();
  const text = (option: string): string =>
    `Port ${port} is already in use (by another server?). Choose one with ${option}, or stop that process.`;
  const proxied = (option: string): string =>
    `listen tcp 127.0.0.1:${port}: bind: address already in use. Choose another address with ${option}, or stop the ` +
    'process that has this one';
  const api =
    `API port ${port} is already in use (by another proxy, or by Toxiproxy?). Choose one with --api, or stop that ` +
    'process.';
  const here = `127.0.0.1:${port}`;
  const free = ['--listen', '127.0.0.1:0'];
  for (const [args, says] of [
    [['balancer', ...free, '--http', here], text('--http')],
    [['server', '--id', '1', ...free, '--http', here], text('--http')],
    [['proxy', '--api', here], api],
    [['proxy', '--api', '', '--link', `${here}=127.0.0.1:1`], proxied('--link')],
    [['proxy', '--api', '', '--master', '127.0.0.1:1', '--listen', here], proxied('--listen')],
  ] as const) {
    const { code, stderr } = await runToEnd('synod', args, deadlineMs, { cwd });
    t.equal(code, 3, args.join(' '));
    t.match(stderr, says, args.join(' '));
  }
  const cases = [
    ['srunner', [`-port=${port}`, '-id=1'], '-port'],
    ['lrunner', [`-hostPort=127.0.0.1:${port}`], '-hostPort'],
    ['synod', ['server', '--id', '1', '--listen', `127.0.0.1:${port}`], '--listen'],
  ] as const;
  for (const [program, args, option] of cases) {
    const { code, stderr } = await runToEnd(program, args, deadlineMs, { cwd });
    t.equal(code, 3, program);
    t.match(stderr, text(option), program);
  }
});

t.test("the write-up's typing mistakes", async (t) => {
  const cwd = t.testdir();
  const stray = await runToEnd('srunner', ['port=9010'], deadlineMs, { cwd });
  t.equal(stray.code, 2);
  t.match(stray.stderr, "srunner: unexpected argument 'port=9010' - did you mean -port=9010 ?");
  const server = new Program('srunner', ['=master=127.0.0.1:1', '-port=0', '-id=1'], { cwd });
  await server.waitForText("srunner: warning: read '=master=127.0.0.1:1' as -master=127.0.0.1:1", deadlineMs);
  server.signal('SIGTERM');
  await server.waitForExit(deadlineMs);
  t.pass('read with a warning');
});

t.test('a second server of one id: who has it, and the two ways out', async (t) => {
  const cluster = await startCluster(t);
  const cwd = t.testdir();
  const args = ['server', '--id', '1', '--listen', '127.0.0.1:0', '--balancer', cluster.balancerAddress];
  const { code, stderr } = await runToEnd('synod', args, deadlineMs, { cwd });
  t.equal(code, 3);
  t.match(
    stderr,
    `a live server 1 is registered from ${cluster.address(1)}: stop it first, or start this one with another id`,
  );
});

t.test('a damaged log: which segment and byte, why it does not start, where to look, what to do', async (t) => {
  const cluster = await startCluster(t);
  // Damage is told from a torn end by what follows it.
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}\n`).join('');
  const env = { XDG_CONFIG_HOME: cluster.root };
  const sending = ['send', '--name', 'bot', '--balancer', cluster.balancerAddress];
  t.match(await runToEnd('synod', sending, deadlineMs, { env, input: lines }), { code: 0 });
  await cluster.stopServer(2);
  const directory = cluster.dataDir(2);
  const segment = path.join(directory, readdirSync(directory).filter((name) => name.startsWith('wal-'))[0] ?? '');
  const bytes = readFileSync(segment);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(segment, bytes);
  const args = ['server', '--id', '2', '--listen', '127.0.0.1:0', '--balancer', cluster.balancerAddress];
  const { code, stderr } = await runToEnd('synod', [...args, '--data-dir', directory], deadlineMs);
  t.equal(code, 7);
  t.match(stderr, /log segment \d+ is damaged at byte \d+: .*\. This server must not vote with it: keep the directory/);
  t.match(stderr, /for inspection \(`synod log check DIR`\), and .*empty/, 'and how it goes on');
});

t.test('in the chat', { skip: noTmux }, async (t) => {
  const cluster = await startCluster(t);
  const chat = await openChat(t, cluster, 'aaron');
  const first = await serverOf(chat);

  await chat.paste('x'.repeat(9_412));
  await chat.press('Enter');
  await shows(
    t,
    chat,
    'Message is 9,412 bytes; the limit is 8,192. Nothing was sent; your text is still in the input line.',
  );
  await chat.press('C-u');

  const other = await openChat(t, cluster, 'aaron', 'another');
  await shows(
    t,
    other,
    'Pick another name, /nick aaron2: "aaron" belongs to another user. Until then you can read, not write.',
  );
  other.end();

  cluster.server(first).signal('SIGSTOP');
  await chat.say('is anybody there?');
  const moved = new RegExp(
    `Moved from server ${first} to server \\d: \\S+ stopped answering 3 s ago\\. 1 sent again under the same number \\(no duplicates\\)\\.`,
  );
  await chat.waitFor('what became of it', (rows) => moved.test(joined(rows)), deadlineMs);
  t.pass('Moved from server … (no duplicates)');
  const second = await chat.waitFor('the next server', (rows) => serverIn(rows, (id) => id !== first), deadlineMs);
  await cluster.killServer(first);
  const third = cluster.ids.find((id) => id !== first && id !== second) ?? 0;
  await cluster.killServer(third);
  await shows(t, chat, 'No quorum: 1 of 3 servers up. You can read and type; messages wait until 2 are back. /status');
});

t.test('in lines', async (t) => {
  const cluster = await startCluster(t);
  const say = (home: string, ...args: readonly string[]): Promise<{ code: number | undefined; stderr: string }> => {
    const place = ['--balancer', cluster.balancerAddress, '--timeout', '3s'];
    return runToEnd('synod', ['send', ...place, ...args], deadlineMs, {
      env: { XDG_CONFIG_HOME: path.join(cluster.root, home) },
    });
  };
  t.match(await say('one', '--name', 'aaron', '--', 'mine'), { code: 0 });
  t.match(await say('two', '--name', 'aaron', '--', 'not mine'), {
    code: 3,
    stderr: 'The name "aaron" belongs to another user. Pick another one: /nick aaron2, or --name aaron2',
  });
  t.match(await say('one', '--name', 'aaron', '--', 'x'.repeat(8_193)), {
    code: 3,
    stderr: 'Message is 8,193 bytes; the limit is 8,192. Nothing was sent; shorten it and send it again',
  });
  await cluster.killServer(1);
  await cluster.killServer(2);
  t.match(await say('one', '--name', 'aaron', '--', 'x'), {
    code: 5,
    stderr: /No quorum: 1 of 3 servers answers; nothing is committed until a majority is back, see synod status/,
  });
});

async function startCluster(t: Test): Promise<Cluster> {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  return cluster;
}

/** A chat on a screen wide enough that no text is broken; resolves when it is connected. */
async function openChat(t: Test, cluster: Cluster, name: string, home = name): Promise<Tmux> {
  const chat = await Tmux.start({
    columns: 180,
    rows: 30,
    environment: {
      PATH: [path.dirname(process.execPath), launcherFolder, process.env.PATH].join(path.delimiter),
      XDG_CONFIG_HOME: path.join(cluster.root, home),
    },
  });
  t.teardown(() => chat.end());
  await chat.say(`synod chat --name ${name} --balancer ${cluster.balancerAddress}`);
  await serverOf(chat);
  return chat;
}

function serverOf(chat: Tmux): Promise<number> {
  return chat.waitFor('ONLINE and a server', (rows) => serverIn(rows), deadlineMs);
}

/** The server that the status bar names. */
function serverIn(rows: readonly string[], test: (id: number) => boolean = () => true): number | undefined {
  const id = Number(/ONLINE s(\d+)/.exec(rows.join('\n'))?.[1]);
  return id > 0 && test(id) ? id : undefined;
}

/** The rows as one text, without the columns beside the messages. */
function joined(rows: readonly string[]): string {
  return rows
    .map((row) =>
      row
        .replace(/^[^│]*│/, '')
        .replace(/│.*$/, '')
        .trim(),
    )
    .join(' ')
    .replace(/\s+/g, ' ');
}

async function shows(t: Test, chat: Tmux, text: string): Promise<void> {
  await chat.waitFor(text, (rows) => joined(rows).includes(text), deadlineMs);
  t.pass(text);
}
