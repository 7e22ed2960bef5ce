/** The terminal around the painting: what it leaves behind, sizes, suspension, and input through the streams. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Frame } from '../../../src/tui/model/frame.js';
import { brief, open } from '../support/open.js';

const plain = (...rows: string[]): Frame => ({ rows: rows.map((text) => [{ text }]) });
const size = { columns: 20, rows: 4 };
const events = ['exit', 'uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGCONT', 'SIGHUP'];
const listeners = (): unknown[][] => events.map((event) => process.rawListeners(event));

t.test('closing puts everything back, once', async (t) => {
  // Node takes its own listener off when the file has been loaded.
  await sleep(1);
  const forOnce = (): void => {};
  process.once('exit', forOnce);
  t.teardown(() => void process.off('exit', forOnce));
  const before = listeners();
  const { screen, terminal } = open(size);
  t.equal(screen.isRaw, true);
  for (const [index, now] of listeners().entries()) {
    const own = now.filter((listener) => !before[index]?.includes(listener)).length;
    const event = events[index] ?? '';
    t.equal(own, event === 'exit' || event === 'SIGCONT' ? 1 : 0, `listeners of ${event}`);
  }
  t.match(screen.bytes(), /\x1b\[\?1049h.*\x1b\[\?2004h/);
  t.notMatch(screen.bytes(), '\x1b[?1000h', 'no mouse unless asked for');
  terminal.setMouse(true);
  terminal.title('#general\x07\x1b]');
  terminal.paint(plain('hello'));
  const opened = screen.bytes().length;
  terminal.close();
  const closing = screen.bytes().slice(opened);
  for (const mode of ['?1049l', '?25h', '?2004l', '?7h', '?1006l', '?1000l', '23;2t']) t.match(closing, `\x1b[${mode}`);
  t.match(screen.bytes(), '\x1b]2;#general␇␛]\x07');
  t.equal(screen.isRaw, false);
  t.equal(screen.input.isPaused(), true);
  t.same(await screen.screen(), ['', '', '', ''], 'the screen of before');
  for (const [index, now] of listeners().entries()) {
    t.equal(now.length, before[index]?.length);
    t.ok(
      now.every((listener) => before[index]?.includes(listener)),
      `listeners of ${events[index]}`,
    );
  }
  t.equal(screen.output.listenerCount('resize') + screen.input.listenerCount('data'), 0);

  const closed = screen.bytes();
  terminal.close();
  terminal.paint(plain('late'));
  terminal.redraw();
  terminal.bell();
  terminal.title('late');
  terminal.setMouse(true);
  terminal.suspend();
  screen.resize(10, 3);
  await sleep(5);
  t.equal(screen.bytes(), closed, 'nothing is written after');
});

t.test('a process that exits leaves the terminal as it was', async (t) => {
  const { screen } = open(size);
  const [onExit] = process.listeners('exit').slice(-1);
  onExit?.(0);
  t.match(screen.bytes(), '\x1b[?1049l');
  t.equal(screen.isRaw, false);
});

t.test('sizes', async (t) => {
  const { screen, terminal, counts } = open(size);
  t.teardown(() => terminal.close());
  terminal.paint({ ...plain('0123456789abcdefghi|', 'two', 'three', 'four'), cursor: { row: 3, column: 15 } });
  screen.resize(10, 2);
  t.same([terminal.columns, terminal.rows, counts.resizes], [10, 2, 1]);
  t.same(await screen.screen(), ['0123456789', 'two'], 'what fits of the last frame');
  t.same(screen.cursor(), { row: 1, column: 9 });
  screen.resize(30, 6);
  t.same([terminal.columns, terminal.rows], [30, 6]);
  t.same(await screen.screen(), ['0123456789abcdefghi|', 'two', 'three', 'four', '', '']);
  terminal.paint(plain('a', '', '', '', '', 'z'.repeat(40)));
  t.same(await screen.screen(), ['a', '', '', '', '', 'z'.repeat(30)]);
  Object.assign(screen.output, { columns: 0, rows: undefined });
  screen.output.emit('resize');
  t.same([terminal.columns, terminal.rows], [1, 1], 'a terminal that does not know');
});

t.test('input comes through the streams, in any encoding of time', async (t) => {
  const { screen, terminal, inputs } = open(size);
  const euro = Buffer.from('€');
  screen.type('hi\r');
  screen.type(euro.subarray(0, 1));
  await sleep(1);
  screen.type(euro.subarray(1));
  screen.type('\x1b[20');
  await sleep(1);
  screen.type('0~a\rb\x1b[20');
  await sleep(1);
  screen.type('1~\x1b');
  await sleep(1);
  t.same(brief(inputs), ["'hi'", 'Enter', "'€'", "paste 'a\nb'"], 'an ESC may be the beginning of something');
  await sleep(80);
  t.equal(brief(inputs).at(-1), 'Esc');
  terminal.close();
  screen.type('late');
  await sleep(1);
  t.equal(inputs.length, 5);
});

t.test('an unfinished paste comes after a second', async (t) => {
  const { screen, terminal, inputs } = open(size);
  t.teardown(() => terminal.close());
  screen.type('\x1b[200~lost end');
  await sleep(500);
  t.same(inputs, []);
  await sleep(700);
  t.same(brief(inputs), ["paste 'lost end'"]);
});

t.test('the end of the input is told', async (t) => {
  const { screen, terminal, counts } = open(size);
  t.teardown(() => terminal.close());
  const ended = once(screen.input, 'end');
  (screen.input as unknown as NodeJS.WritableStream).end();
  await ended;
  screen.output.emit('error', new Error('EIO'));
  t.equal(counts.ends, 2, 'a failing output, too');
});

t.test('suspended, the terminal belongs to the shell; continued, to the chat', async (t) => {
  const { screen, terminal, inputs } = open(size);
  t.teardown(() => terminal.close());
  terminal.setMouse(true);
  terminal.paint({ ...plain('before'), cursor: { row: 0, column: 2 } });
  const signals = captureKill(t);
  terminal.suspend();
  terminal.suspend();
  t.same(signals, [[0, 'SIGTSTP']]);
  t.equal(screen.isRaw, false);
  t.same(await screen.screen(), ['', '', '', '']);
  t.match(screen.bytes(), /\x1b\[\?1006l.*\x1b\[\?1049l/);
  const suspended = screen.bytes();
  terminal.paint({ ...plain('meanwhile'), cursor: { row: 0, column: 3 } });
  screen.resize(15, 3);
  t.equal(screen.bytes(), suspended, 'the shell is not written over');

  process.emit('SIGCONT');
  t.same(await screen.screen(), ['meanwhile', '', '']);
  t.same(screen.cursor(), { row: 0, column: 3 });
  t.equal(screen.isRaw, true);
  t.match(screen.bytes().slice(suspended.length), /\x1b\[\?1049h.*\x1b\[\?2004h.*\x1b\[\?1006h/);
  screen.type('x');
  await sleep(1);
  t.same(brief(inputs), ["'x'"]);
});

t.test('a process that cannot be stopped takes the terminal again', async (t) => {
  const { screen, terminal } = open(size);
  t.teardown(() => terminal.close());
  terminal.paint(plain('here'));
  captureKill(t);
  terminal.suspend();
  await sleep(150);
  t.same(await screen.screen(), ['here', '', '', '']);
  t.equal(screen.isRaw, true);
});

t.test('every kind of terminal, without a word on stderr', async (t) => {
  const said = t.capture(console, 'error');
  const complaints = t.capture(process.stderr, 'write');
  for (const TERM of [
    'xterm-256color',
    'screen-256color',
    'tmux-256color',
    'xterm-kitty',
    'linux',
    'vt100',
    undefined,
  ]) {
    const { screen, terminal } = open({ ...size, environment: { TERM } });
    terminal.title('title');
    terminal.paint(plain('┌─ 你好 ─┐'));
    terminal.paint(plain('┌─ 你好! ─┐'));
    t.equal((await screen.screen())[0], '┌─ 你好! ─┐', String(TERM));
    t.notMatch(screen.bytes(), '$<', 'no padding');
    t.equal(screen.bytes().includes('title'), TERM !== 'linux' && TERM !== 'vt100');
    terminal.close();
  }
  t.same([...said(), ...complaints()], []);
});

t.test('a locale with another encoding gets ASCII, in the same columns', async (t) => {
  const { screen, terminal } = open({ ...size, environment: { TERM: 'xterm', LANG: 'de_DE.ISO-8859-1' } });
  t.teardown(() => terminal.close());
  terminal.paint(plain('─你é|'));
  const [row] = await screen.screen();
  t.match(row, /^.\? .\|$/);
  t.match(screen.bytes(), /^[\0-\x7f]*$/);
});

function captureKill(t: Test): unknown[][] {
  const signals: unknown[][] = [];
  const { kill } = process;
  process.kill = (pid, signal): true => {
    signals.push([pid, signal]);
    return true;
  };
  t.teardown(() => {
    process.kill = kill;
  });
  return signals;
}
