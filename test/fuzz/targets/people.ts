/** What people type: command lines, keys and pastes, lines of the chat, texts that others see. */
import { sanitise } from '../../../src/base/index.js';
import { canonicalRoom, directRoom, foldName, isName } from '../../../src/chat/index.js';
import { commands as cliCommands, oldSpellings } from '../../../src/cli/command-table.js';
import { readFaults } from '../../../src/cli/expected.js';
import { UsageError } from '../../../src/cli/go-flags.js';
import { LineChat, type LineClient } from '../../../src/cli/line-chat.js';
import { optionsOf } from '../../../src/cli/parse.js';
import {
  asUsage,
  nameFromLogin,
  readAddresses,
  readApi,
  readDurationMs,
  readInteger,
  readName,
  readRoom,
} from '../../../src/cli/values.js';
import { PlanError } from '../../../src/proxy/index.js';
import { cutPreset, delayPreset, lossPreset } from '../../../src/proxy/plan/fault-words.js';
import { commands as chatCommands, readCommand } from '../../../src/tui/model/commands.js';
import type { TerminalInput } from '../../../src/tui/model/input.js';
import { view } from '../../../src/tui/model/view.js';
import { KeyDecoder, pasteMax } from '../../../src/tui/terminal/key-decoder.js';
import { columnsOf } from '../../../src/tui/text/index.js';
import { parsed } from '../../cli/parsed.js';
import { Desk, said } from '../../tui/support/desk.js';
import { demand, reasonText, type Target } from '../target.js';

function usageOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError || error instanceof PlanError) return reasonText(error);
    throw error;
  }
}

const flagWords = [
  ...new Set([...cliCommands, ...oldSpellings].flatMap(({ options }) => options.map(({ name }) => name))),
];

/** Words separated by line feeds; the first names the command or the old spelling. */
export const flags: Target = {
  name: 'flags',
  about: "command lines in Go's grammar and ours, for every command and old spelling",
  seeds: () =>
    [
      ...cliCommands.flatMap(({ examples }) => examples),
      ...oldSpellings.flatMap(({ examples }) => examples),
      'server --id 1 --mode=p:10 --fsync=never -- x',
      'srunner -id=0 =port=9010 -hostPort="localhost:8009" -mode ""',
    ].map((line) => Buffer.from(line.replaceAll(' ', '\n'))),
  words: [
    ...flagWords.flatMap((name) => [`\n--${name}=`, `\n-${name}\n`, `\n=${name}=`]),
    '\n--\n',
    '\n-h\n',
    '=',
    '"',
  ],
  read: (input) => {
    const [program = '', ...args] = input.toString('utf8').split('\n');
    const spelling = oldSpellings.find((old) => old.program === program);
    const spec = cliCommands.find(({ name }) => name === (spelling?.command ?? program)) ?? cliCommands[2];
    if (spec === undefined) return 'no command';
    return usageOf(() => {
      const { options, positionals, warnings } = parsed(spec, args, spelling);
      const given = optionsOf(spec, spelling).filter(({ name }) => options.has(name));
      return `${given.length > 4 ? 'many' : given.length} options ${positionals.length > 1} ${warnings.length > 0}`;
    });
  },
};

/** One text as the value of every option. */
export const values: Target = {
  name: 'values',
  about: 'values of options: addresses, times, numbers, names, rooms, faults of links',
  seeds: () =>
    ['127.0.0.1:9010,[::1]:80', '1.5m', '42', 'Aaron', '#lobby', '@a,b', '200ms±50ms', '20%', 's3', 'p:10::d:0'].map(
      (text) => Buffer.from(text),
    ),
  words: ['±', '+-', '::', ',', '#', '@', 'localhost:', '[', ']', '0.', '٣', '\u202e', '65536', '1e3', 'ms'],
  read: (input) => {
    const text = input.toString('utf8');
    const answers = [
      usageOf(() => `${readAddresses('--servers', text).length > 1} addresses`),
      usageOf(() => (readApi('--api', text) === undefined ? 'no api' : 'api')),
      usageOf(() => (readDurationMs('--timeout', text) > 0 ? 'time' : 'no time')),
      usageOf(() => (readInteger('--id', text, 1, 65_535) > 0 ? 'number' : 'none')),
      usageOf(() => (readName('--name', text) === text ? 'name' : 'other name')),
      usageOf(() => (readRoom('--room', text) === text ? 'room' : 'other room')),
      usageOf(() => asUsage('--delay', () => String(delayPreset('1', text, '1s').preset))),
      usageOf(() => String(delayPreset('1', '2', text).distribution)),
      usageOf(() => String(lossPreset('1', '*', text).preset)),
      usageOf(() => String(cutPreset(text, 's1', { oneWay: true, kinds: [text] }).preset)),
      readFaults(text).size > 1 ? 'faults' : 'fault',
    ];
    demand(isName(nameFromLogin(text)), `${JSON.stringify(nameFromLogin(text))} is made of a login and no name`);
    const room = canonicalRoom(text);
    demand(room === undefined || canonicalRoom(room) === room, 'a canonical room with another canonical room');
    if (isName(text)) demand(foldName(foldName(text)) === foldName(text) && directRoom(text, 'b') !== '', 'folding');
    return answers.map((answer) => answer.slice(0, 24)).join('; ');
  },
};

/** However the bytes are cut, the same keys, pastes and clicks come out. */
export const keys: Target = {
  name: 'keys',
  about: 'the key decoder: whole, byte by byte and in pieces',
  seeds: () =>
    [
      'hello wörld\r',
      '\x1b[A\x1b[1;5C\x1bOP\x1b\x1b[B',
      '\x1b[200~pasted\r\ntext\x1b[201~',
      '\x1b[<0;10;5M',
      '\x1b]0;t\x07a',
      '\x1b[M !!',
    ].map((text) => Buffer.from(text, 'utf8')),
  words: [
    '\x1b',
    '\x1b[',
    '\x1bO',
    '\x1b[200~',
    '\x1b[201~',
    '\x1b]',
    '\x1bP',
    '\x1b\\',
    '\x1b[<',
    ';',
    'M',
    '~',
    '\u009b',
    '\xf0\x9f',
  ],
  read: (input) => {
    const whole = decodeKeys([input]);
    const pieceBytes = 1 + (input.length % 7);
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; at += pieceBytes) pieces.push(input.subarray(at, at + pieceBytes));
    const inPieces = decodeKeys(pieces);
    const [a, b] = [joined(whole), joined(inPieces)];
    demand(a === b, `whole: ${a.slice(0, 200)}; in pieces of ${pieceBytes}: ${b.slice(0, 200)}`);
    for (const one of whole) demand(one.kind !== 'paste' || one.text.length <= pasteMax, 'a paste beyond its bound');
    return [...new Set(whole.map(({ kind }) => kind))].sort().join(' ');
  },
};

function decodeKeys(pieces: readonly Buffer[]): TerminalInput[] {
  const decoder = new KeyDecoder();
  const found = pieces.flatMap((piece) => decoder.decode(piece));
  return [...found, ...decoder.flush()];
}

/** Typed text may come in other pieces. */
function joined(inputs: readonly TerminalInput[]): string {
  return inputs
    .map((input) => (input.kind === 'key' ? input.key.text : undefined) ?? `<${JSON.stringify(input)}>`)
    .join('');
}

/** What no text on a screen or in a line may hold. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/u;

/** Keys go into a chat, the same bytes arrive as somebody's text: the frame stays whole and harmless. */
export const screen: Target = {
  name: 'screen',
  about: 'keys, pastes and the same bytes as a text, a name, a topic of others: every frame fits and obeys nothing',
  seeds: () => [
    ...keys.seeds(),
    ...chatCommands.map(({ usage }) => Buffer.from(`${usage}\r`)),
    Buffer.from('/theme light\r/find a\r\x1b[5~\x1b[6~'),
  ],
  words: [
    ...(keys.words ?? []),
    ...chatCommands.map(({ name }) => `\r/${name} `),
    '\r',
    '\u202e',
    '👩‍👩‍👧',
    '\u0301',
    '\t',
  ],
  read: (input) => {
    const desk = new Desk({ hasFaults: true });
    const text = input.toString('utf8');
    desk.deliver('#lobby', [said('bob', text), said(text.slice(0, 30), 'hi')]);
    desk.deliver('#lobby', [{ kind: 'topic', from: 'bob', text }]);
    for (const one of decodeKeys([input])) desk.feed(one);
    const { rows, cursor } = view(desk.model, desk.look);
    demand(rows.length === desk.model.rows, `${rows.length} rows where there are ${desk.model.rows}`);
    for (const row of rows) {
      const shown = row.map((span) => span.text).join('');
      demand(!unsafe.test(shown), `shown to the terminal: ${JSON.stringify(shown)}`);
      demand(columnsOf(shown) <= desk.model.columns, `too wide: ${JSON.stringify(shown)}`);
    }
    const inside = cursor === undefined || (cursor.row < desk.model.rows && cursor.column < desk.model.columns);
    demand(inside, 'the cursor outside of the screen');
    return [...new Set(desk.effects.map(({ kind }) => kind))].sort().join(' ');
  },
};

/** Records nothing, answers as a client does whose lines are taken at once. */
function silentClient(): LineClient {
  let lines = 0;
  const line = (): number => ++lines;
  return {
    name: 'ann',
    openLines: 0,
    on: () => () => undefined,
    connect: () => undefined,
    post: line,
    action: line,
    join: line,
    leave: line,
    topic: line,
    nick: line,
    status: async () => ({ ok: false, code: 'TIMEOUT', text: 'nobody' }),
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    drain: async () => true,
    close: async () => undefined,
  } as unknown as LineClient;
}

export const lines: Target = {
  name: 'lines',
  about: 'lines of the chat in line mode, and commands of both surfaces',
  seeds: () => [...chatCommands.map(({ usage }) => Buffer.from(usage)), Buffer.from('hello'), Buffer.from('//x')],
  words: [...chatCommands.map(({ name }) => `/${name} `), '/', '//', '#', '@', ',', '\n', '\u0000', '\u202e'],
  read: async (input) => {
    const text = input.toString('utf8');
    const notes: string[] = [];
    const printed: object[] = [];
    const chat = new LineChat(silentClient(), {
      room: '#lobby',
      history: 'all',
      timeoutMs: 1_000,
      print: (event) => printed.push(event),
      note: (note) => notes.push(note),
    });
    for (const line of text.split('\n').slice(0, 20)) await chat.take(line);
    const kinds = [true, false].map((isScreen) => readCommand(text, { isScreen, hasFaults: isScreen }).kind);
    demand(!unsafe.test(sanitise(text)), 'sanitise lets something through');
    demand(sanitise(sanitise(text)) === sanitise(text), 'sanitise changes what it made');
    return `${kinds.join(' ')} ${notes.length > 0} ${printed.length > 0}`;
  },
};
