/** The full-screen chat in a real terminal (tmux): servers die, text is pasted, the window shrinks, the chat ends. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Cluster } from '../support/cluster.js';
import { launcherFolder } from '../support/program.js';
import { noTmux, shellPrompt, Tmux } from '../support/tmux.js';
import { until } from '../support/until.js';

const deadlineMs = 20_000;
/** Wide enough for the list of rooms, not for that of people: a message ends its row. */
const wide = { columns: 96, rows: 30 } as const;
const skip = noTmux;

interface Home {
  /** Whose identity: one folder is one user. */
  readonly config: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A shell in a terminal, in which `synod` is the program under test. */
async function openTerminal(t: Test, { config, environment = {} }: Home): Promise<Tmux> {
  const terminal = await Tmux.start({
    ...wide,
    environment: {
      PATH: [path.dirname(process.execPath), launcherFolder, process.env.PATH].join(path.delimiter),
      XDG_CONFIG_HOME: config,
      ...environment,
    },
  });
  t.teardown(() => terminal.end());
  return terminal;
}

async function startCluster(t: Test): Promise<Cluster> {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  return cluster;
}

function chatCommand(cluster: Cluster, name: string): string {
  return `synod chat --name ${name} --balancer ${cluster.balancerAddress}`;
}

/** A chat as a new user of this name starts it; resolves when it is connected. */
async function openChat(t: Test, cluster: Cluster, name: string, config = `config-${name}`): Promise<Tmux> {
  const terminal = await openTerminal(t, { config: path.join(cluster.root, config) });
  await terminal.say(chatCommand(cluster, name));
  await serverShown(terminal);
  return terminal;
}

/** The server that the status bar names. */
async function serverShown(terminal: Tmux, test = (_id: number): boolean => true): Promise<number> {
  return await terminal.waitFor(
    'ONLINE and a server',
    (rows) => {
      const id = Number(rows.map((row) => /ONLINE s(\d+)/.exec(row)?.[1]).find((found) => found !== undefined));
      return id > 0 && test(id) ? id : undefined;
    },
    deadlineMs,
  );
}

/** Waits until a line stands there with this sign of its state before its author. */
async function waitForLine(terminal: Tmux, sign: '✓' | '…', author: string, text: string): Promise<void> {
  const end = `${author}  ${text}`;
  const isLine = (row: string): boolean => row.endsWith(end) && row.slice(0, -end.length).trimEnd().endsWith(sign);
  await terminal.waitForRow(`${sign} ${author} ${text}`, isLine, deadlineMs);
}

async function waitForCommits(terminal: Tmux, author: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await waitForLine(terminal, '✓', author, text);
}

async function sayAll(terminal: Tmux, texts: readonly string[]): Promise<void> {
  for (const text of texts) await terminal.say(text);
}

/** What a room holds, as `synod tail --json` prints it. */
async function roomTexts(cluster: Cluster): Promise<string[]> {
  const { log, read } = await cluster.tail(cluster.upIds[0] ?? 1, '#lobby');
  if (read === undefined) throw new Error(`tail found no quorum\n${cluster.describe()}`);
  return log.entries.map(({ text }) => text);
}

/** The shell waits for a command: with its own screen back, and every mode as it was. */
async function checkShell(t: Test, terminal: Tmux, how: string): Promise<void> {
  const last = (rows: readonly string[]): string | undefined => rows.findLast((row) => row !== '');
  await terminal.waitFor(`the shell ${how}`, (rows) => last(rows) === shellPrompt, deadlineMs);
  const usual = { isAlternate: false, isCursorShown: true, wraps: true, wantsMouse: false };
  t.same(await terminal.modes(), usual, `the terminal's modes ${how}`);
  await terminal.say('echo "o"k');
  await terminal.waitFor(
    `what the shell echoes ${how}`,
    (rows) => rows.some((row, index) => row === `${shellPrompt} echo "o"k` && rows[index + 1] === 'ok'),
    deadlineMs,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const numbered = (from: number, through: number): string[] =>
  Array.from({ length: through - from + 1 }, (_, index) => `line ${from + index}`);

t.test('servers die under a chat: it keeps every line, tells the truth and moves on', { skip }, async (t) => {
  const cluster = await startCluster(t);
  const chat = await openChat(t, cluster, 'Aaron');
  const first = await serverShown(chat);
  await sayAll(chat, numbered(1, 3));
  await waitForCommits(chat, 'Aaron', numbered(1, 3));

  // A server that hangs answers nothing: its lines are on their way for as long as that lasts.
  cluster.server(first).signal('SIGSTOP');
  await sayAll(chat, numbered(4, 6));
  await waitForLine(chat, '…', 'Aaron', 'line 6');
  await cluster.killServer(first);
  await sayAll(chat, numbered(7, 9));
  await waitForCommits(chat, 'Aaron', numbered(1, 9));
  await chat.waitForRow('what happened', (row) => row.includes(`Moved from server ${first} to server`), deadlineMs);
  const second = await serverShown(chat, (id) => id !== first);
  t.same(await roomTexts(cluster), numbered(1, 9), 'every line is in the log once, in order');

  const third = cluster.ids.find((id) => id !== first && id !== second) ?? 0;
  await cluster.killServer(third);
  await chat.waitForRow('the banner', (row) => row.includes('No quorum: 1 of 3 servers'), deadlineMs);
  await sayAll(chat, numbered(10, 12));
  await waitForLine(chat, '…', 'Aaron', 'line 12');
  await chat.waitForRow('how long they wait, in words', (row) => /sending \d+s/.test(row), deadlineMs);
  await chat.waitForRow('how many wait', (row) => /\b3 sending \d+s/.test(row), deadlineMs);
  await chat.type('a draft');

  await Promise.all([first, third].map((id) => cluster.startServer(id)));
  await waitForCommits(chat, 'Aaron', numbered(7, 12));
  const isCalm = (rows: readonly string[]): boolean => rows.every((row) => !/No quorum|unsent|sending/.test(row));
  await chat.waitFor('no more banner', isCalm, deadlineMs);
  t.equal((await chat.rows()).at(-1), 'Aaron> a draft', 'the draft outlived it all');
  t.same(await roomTexts(cluster), numbered(1, 12), 'every line is in the log once, in order');
  t.notOk(chat.hasShown(/✗/), 'no line was ever called failed');
});

t.test('with three servers up', { skip }, async (t) => {
  const cluster = await startCluster(t);

  await t.test('several pasted lines are shown first, and sent as one message', async (t) => {
    const chat = await openChat(t, cluster, 'Aaron');
    await chat.type('see: ');
    await chat.paste('one\ntwo\nthree');
    await chat.waitForRow(
      'the preview',
      (row) => row.startsWith('PASTE 3 lines, 13 bytes. Nothing is sent'),
      deadlineMs,
    );
    for (const text of ['one', 'two', 'three']) {
      await chat.waitForRow(`${text} in the preview`, (row) => row === `│ ${text}`, deadlineMs);
    }
    await chat.press('Escape');
    await chat.waitFor('no more preview', (rows) => !rows.some((row) => row.includes('PASTE')), deadlineMs);
    t.equal((await chat.rows()).at(-1), 'Aaron> see:', 'Esc leads back to what was being typed');
    t.same(await roomTexts(cluster), [], 'nothing was sent');

    await chat.paste('one\ntwo\nthree');
    await chat.waitForRow('the preview', (row) => row.startsWith('PASTE 3 lines'), deadlineMs);
    await chat.press('Enter');
    await waitForLine(chat, '✓', 'Aaron', 'see: one');
    t.same(await roomTexts(cluster), ['see: one\ntwo\nthree'], 'one message');
  });

  await t.test('a window of any size', async (t) => {
    const chat = await openChat(t, cluster, 'Aaron');
    await chat.say('wide');
    await waitForLine(chat, '✓', 'Aaron', 'wide');
    await chat.resize(20, 4);
    await chat.say('tiny');
    const isTinyCommitted = (rows: readonly string[]): boolean =>
      rows.some((row, index) => /^Aaron \d\d:\d\d ✓$/.test(row) && rows[index + 1] === ' tiny');
    const hasFourRows = (rows: readonly string[]): boolean => rows.length === 4 && rows[3] === '#lobby>';
    await chat.waitFor('the line, committed', (rows) => hasFourRows(rows) && isTinyCommitted(rows), deadlineMs);
    await chat.resize(19, 3);
    await chat.waitForRow('the excuse', (row) => row.startsWith('terminal too small'), deadlineMs);
    await chat.resize(3, 1);
    await chat.waitFor('what fits of the excuse', (rows) => rows.length === 1 && rows[0] === 'ter', deadlineMs);
    await chat.resize(wide.columns, wide.rows);
    await waitForCommits(chat, 'Aaron', ['wide', 'tiny']);
    await chat.waitForRow('the prompt', (row) => row === 'Aaron>', deadlineMs);
    t.ok((await chat.rows())[0]?.startsWith(' #lobby'), 'the title is back');
  });

  await t.test('C-z, fg and C-l', async (t) => {
    const chat = await openChat(t, cluster, 'Aaron');
    await chat.type('half a line');
    await chat.press('C-z');
    await chat.waitForRow("the shell's word", (row) => row.includes('Stopped'), deadlineMs);
    await checkShell(t, chat, 'after C-z');
    await chat.say('fg');
    await chat.waitForRow('the chat', (row) => row === 'Aaron> half a line', deadlineMs);
    await chat.press('Enter');
    await waitForLine(chat, '✓', 'Aaron', 'half a line');

    writeFileSync(await chat.device(), '\x1b[Hscribbled over it');
    await chat.waitForRow('the scribble', (row) => row.startsWith('scribbled'), deadlineMs);
    await chat.press('C-l');
    await chat.waitFor('the title instead', (rows) => rows[0]?.startsWith(' #lobby'), deadlineMs);
    t.notOk(
      (await chat.rows()).some((row) => row.includes('scribbled')),
      'C-l draws everything anew',
    );
  });

  await t.test('the shell gets its screen back', async (t) => {
    const terminal = await openTerminal(t, { config: path.join(cluster.root, 'config-Sihan') });
    const pidFile = path.join(cluster.root, 'pid');
    const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
    const start = async (): Promise<void> => {
      const command = `sh -c 'echo $$ >${pidFile}; exec ${chatCommand(cluster, 'Sihan')}'`;
      await terminal.say(`clear; echo before; ${command}; echo "exit"-code $?`);
      await serverShown(terminal);
      t.ok((await terminal.modes()).isAlternate, 'the chat has a screen of its own');
      await terminal.press('F6');
      await until('the mouse', deadlineMs, async () => (await terminal.modes()).wantsMouse);
    };
    const checkEnd = async (how: string, code: number): Promise<void> => {
      await checkShell(t, terminal, how);
      const rows = await terminal.rows();
      t.ok(rows.includes('before'), `what stood there before is back ${how}`);
      t.ok(rows.includes(`exit-code ${code}`), `the exit code ${how}\n${terminal.describe()}`);
      t.notOk(isAlive(pid()), `the chat is gone ${how}`);
    };
    await start();
    await terminal.say('/quit');
    await checkEnd('after /quit', 0);
    await start();
    process.kill(pid(), 'SIGTERM');
    await checkEnd('after SIGTERM', 143);
    await start();
    terminal.end();
    await until('the chat gone with its window', deadlineMs, () => !isAlive(pid()));
  });

  await t.test('one user twice, and another one with the same name', async (t) => {
    const chat = await openChat(t, cluster, 'Aaron');
    const again = await openChat(t, cluster, 'Aaron');
    await again.say('from the second window');
    await waitForLine(chat, '✓', 'Aaron', 'from the second window');
    await chat.say('from the first window');
    await waitForLine(again, '✓', 'Aaron', 'from the first window');

    const other = await openChat(t, cluster, 'aaron', 'config-stranger');
    const isBanner = (row: string): boolean => row.includes('"aaron" belongs to another user');
    await other.waitForRow('the banner', isBanner, deadlineMs);
    await chat.say('who reads this?');
    await other.waitForRow('what others say', (row) => row.endsWith('who reads this?'), deadlineMs);
    await other.say('/nick other');
    await other.waitForRow('the new name', (row) => row === 'other>', deadlineMs);
    await other.say('I do');
    await waitForLine(other, '✓', 'other', 'I do');
    await chat.waitForRow('it', (row) => row.endsWith('other  I do'), deadlineMs);
    t.notOk((await other.rows()).some(isBanner), 'the banner is gone');
    const shared = ['from the second window', 'from the first window', 'who reads this?', 'I do'];
    t.same((await roomTexts(cluster)).slice(-4), shared, 'each line is there once');
  });

  await t.test('lines instead of a screen: --plain, TERM=dumb, and where nobody looks', async (t) => {
    const terminal = await openTerminal(t, { config: path.join(cluster.root, 'config-Kara') });
    const command = chatCommand(cluster, 'Kara');
    for (const [index, plain] of [`${command} --plain`, `TERM=dumb ${command}`, `${command} | cat`].entries()) {
      await terminal.say(`clear; ${plain}`);
      await terminal.waitForRow('connected', (row) => row.startsWith('-- connected to server'), deadlineMs);
      await terminal.say(`plain ${index}`);
      await terminal.waitForRow('the state', (row) => /^\[1 committed slot \d+\]$/.test(row), deadlineMs);
      const isSaid = (row: string): boolean => /^\d\d:\d\d <Kara> plain \d$/.test(row) && row.endsWith(`${index}`);
      await terminal.waitForRow('the line as everybody sees it', isSaid, deadlineMs);
      t.notOk((await terminal.modes()).isAlternate, `no screen of its own: ${plain}`);
      await terminal.press('C-d');
      await checkShell(t, terminal, `after ${plain}`);
    }
  });
});

t.test('the demo on a terminal: the screen, faults from it, and nothing left', { skip }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-screen-demo-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = path.join(folder, 'data');
  mkdirSync(data);
  const terminal = await openTerminal(t, { config: path.join(folder, 'config'), environment: { TMPDIR: data } });
  await terminal.say('synod demo --listen 127.0.0.1:0 --name Aaron; echo "exit"-code $?');
  await serverShown(terminal);
  const members = await terminal.waitFor(
    'balancer, proxy and three servers',
    (rows) => {
      const pids = rows.map((row) => Number(/(?:balancer|proxy|server \d) .* pid (\d+)$/.exec(row)?.[1]));
      const found = pids.filter((pid) => pid > 0);
      return found.length === 5 ? found : undefined;
    },
    deadlineMs,
  );
  await terminal.say('hello');
  await waitForLine(terminal, '✓', 'Aaron', 'hello');

  await terminal.press('F3');
  const matrix = async (of: string, cells: readonly (readonly string[])[]): Promise<void> => {
    const wanted = cells.map((row, index) => [`s${index + 1}`, ...row].join(' '));
    const isShown = (rows: readonly string[]): boolean => {
      const shown = rows.map((row) => row.replace(/ +/g, ' '));
      return wanted.every((row) => shown.includes(row));
    };
    await terminal.waitFor(`the matrix ${of}`, isShown, deadlineMs);
  };
  const closeMatrix = async (): Promise<void> => {
    await terminal.press('Escape');
    await terminal.waitFor('no matrix', (rows) => !rows.some((row) => row.startsWith('LINKS')), deadlineMs);
  };
  await matrix('of whole links', [
    ['-', 'ok', 'ok'],
    ['ok', '-', 'ok'],
    ['ok', 'ok', '-'],
  ]);
  await closeMatrix();
  await terminal.say('/cut 1 2');
  await terminal.waitForRow('what was cut', (row) => row.includes('drop on 1>2'), deadlineMs);
  await terminal.press('F3');
  await matrix('with a cut', [
    ['-', 'CUT', 'ok'],
    ['CUT', '-', 'ok'],
    ['ok', 'ok', '-'],
  ]);
  await closeMatrix();
  await terminal.waitForRow('the alarm', (row) => row.startsWith('  FAULTS 2'), deadlineMs);
  await terminal.say('with a cut link');
  await waitForLine(terminal, '✓', 'Aaron', 'with a cut link');
  await terminal.say('/heal');
  await terminal.waitForRow('what was healed', (row) => row.startsWith(' healed: '), deadlineMs);
  await terminal.press('F3');
  await matrix('healed', [
    ['-', 'ok', 'ok'],
    ['ok', '-', 'ok'],
    ['ok', 'ok', '-'],
  ]);
  await closeMatrix();
  await terminal.waitForRow('no alarm', (row) => row.includes('faults 0'), deadlineMs);
  t.notOk(
    (await terminal.rows()).some((row) => row.includes('FAULTS')),
    'no fault is left',
  );

  await terminal.press('C-d');
  await terminal.waitForRow('the end', (row) => row === 'exit-code 0', deadlineMs);
  await checkShell(t, terminal, 'after the demo');
  t.same(members.filter(isAlive), [], 'no process is left behind');
  t.same(readdirSync(data), [], 'no data is left behind');
});
