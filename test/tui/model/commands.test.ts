/** Commands as they are typed: each usage reads, a wrong one says what is right, and none ever reaches a room. */
import t from 'tap';
import { type CommandSpec, commandHelp, commands, commandsAt, readCommand } from '../../../src/tui/model/commands.js';
import { Desk } from '../support/desk.js';

const full = { isScreen: true, hasFaults: true };

/** What a usage may look like when somebody writes it: without brackets, and with one choice of several. */
function examples({ usage }: CommandSpec): string[] {
  const values: Readonly<Record<string, string>> = {
    ROOM: '#ops',
    NAME: 'ann',
    TEXT: 'some words',
    FILE: 'out.txt',
    A: '1',
    B: '2',
    N: '7',
    sSLOT: 's42',
    'HOST:PORT': 'localhost:9001',
    'HH:MM': '14:30',
    DAY: '2026-11-23',
  };
  const fill = (text: string): string =>
    text
      .replace(/\[DAY\] HH:MM/g, '2026-11-23T14:30')
      .replace(/HOST:PORT|HH:MM|sSLOT|\b[A-Z]+\b/g, (word) => values[word] ?? word);
  const filled = fill(usage);
  const all = filled.replace(/\[|\]/g, '');
  const least = filled.replace(/ ?\[[^\]]*\]/g, '');
  const choose = (text: string): string[] => {
    const word = text.split(' ').find((part) => part.includes('|'));
    return word === undefined ? [text] : word.split('|').flatMap((choice) => choose(text.replace(word, choice)));
  };
  return [...new Set([...choose(all), ...choose(least)])];
}

t.test('every command can be given as its usage says', async (t) => {
  for (const command of commands) {
    for (const example of examples(command)) {
      const read = readCommand(example, full);
      t.not(read.kind, 'wrong', `${example} is a ${read.kind}`);
      t.not(read.kind, 'post');
      t.same(readCommand(`/${command.name.toUpperCase()}${example.slice(command.name.length + 1)}  `, full), read);
    }
  }
});

t.test('each stands in the help, once, and says its usage when it is written wrongly', async (t) => {
  const help = commandHelp(full);
  for (const { usage, help: what } of commands) {
    t.equal(help.filter((line) => line.startsWith(`${usage} `) && line.endsWith(what)).length, 1, usage);
  }
  t.equal(help.length, commands.length + 1, 'and //');
  const wrong = [
    '/join',
    '/join a b',
    '/part a b',
    '/nick',
    '/nick a b',
    '/msg',
    '/msg ann',
    '/me',
    '/names x',
    '/rooms x',
    '/search',
    '/goto',
    '/goto x',
    '/goto s',
    '/goto 1:2',
    '/why x',
    '/retry x',
    '/edit x',
    '/drop x',
    '/cancel x',
    '/status x',
    '/server',
    '/server x',
    '/theme',
    '/theme pink',
    '/set',
    '/set bell',
    '/set sun on',
    '/export',
    '/links x',
    '/cut',
    '/cut 1',
    '/cut 1 2 3',
    '/delay 1 2',
    '/loss 1 2',
    '/loss 1 2 3 4',
    '/heal x',
    '/quit x',
  ];
  for (const typed of wrong) {
    const { usage } = commands.find(({ name }) => typed.split(' ')[0] === `/${name}`)!;
    t.same(readCommand(typed, full), { kind: 'wrong', text: `Write it as ${usage}` }, typed);
  }
});

t.test('what is given there is what can be done there', async (t) => {
  const names = (surface: Parameters<typeof commandsAt>[0]) => commandsAt(surface).map(({ name }) => name);
  t.same(
    names(full),
    commands.map(({ name }) => name),
  );
  const bare = names({ isScreen: false, hasFaults: false });
  for (const name of ['retry', 'search', 'links', 'cut', 'heal']) t.notOk(bare.includes(name), name);
  for (const name of ['join', 'msg', 'nick', 'help', 'quit']) t.ok(bare.includes(name), name);
  t.ok(names({ isScreen: false, hasFaults: true }).includes('cut'));
  t.match(readCommand('/cut 1 2', { isScreen: true, hasFaults: false }), {
    kind: 'wrong',
    text: /needs a fault proxy.*--proxy-api/,
  });
  t.match(readCommand('/retry', { isScreen: false, hasFaults: true }), {
    kind: 'wrong',
    text: /needs the full screen/,
  });
});

t.test('a doubled slash is text, nothing is nothing', async (t) => {
  t.same(readCommand('//etc/hosts', full), { kind: 'post', text: '/etc/hosts' });
  t.same(readCommand('//', full), { kind: 'post', text: '/' });
  t.same(readCommand(' /not a command', full), { kind: 'post', text: ' /not a command' });
  for (const typed of ['', ' ', '\n \n']) t.same(readCommand(typed, full), { kind: 'nothing' });
});

t.test('an unknown command never reaches a room: it stays in the line, with a guess', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  const guesses = { '/jion #ops': '/join', '/nmaes': '/names', '/quti': '/quit', '/Jon x': '/join' };
  for (const [typed, guess] of Object.entries(guesses)) {
    t.same(desk.enter(typed), [], typed);
    t.match(desk.status, `No command ${typed.split(' ')[0]}. Did you mean ${guess}?`);
    t.equal(desk.input, typed, 'still there to be mended');
    desk.press('C-u');
  }
  t.same(desk.enter('/xyzzyx'), []);
  t.match(desk.status, '/help lists them; // begins a message with a slash.');
  t.same(desk.model.room.own, []);
  desk.press('C-u');
  desk.enter('//xyzzyx');
  t.match(desk.take('submit'), [{ text: '/xyzzyx' }]);
});

t.test('what each asks for outside', async (t) => {
  const desk = new Desk({ hasFaults: true });
  desk.connect();
  desk.open();
  const effects = (typed: string): unknown[] => {
    desk.effects = [];
    desk.enter(typed);
    return desk.effects;
  };
  t.same(effects('/topic we ship'), [{ kind: 'topic', room: '#lobby', text: 'we ship' }]);
  t.same(effects('/topic'), [{ kind: 'topic', room: '#lobby', text: '' }]);
  t.match(effects('/me waves'), [{ kind: 'submit', what: 'action', text: 'waves' }]);
  t.same(effects('/nick ann2'), [{ kind: 'nick', name: 'ann2' }]);
  t.same(effects('/nick 2ann'), []);
  t.match(desk.status, "'2ann' is no name");
  t.same(effects('/status'), [{ kind: 'status' }]);
  t.same(effects('/server s3'), [{ kind: 'server', to: 's3' }]);
  t.same(effects('/heal'), [{ kind: 'faults', action: { kind: 'heal' } }]);
  t.same(effects('/cut 1 2 --one-way'), [{ kind: 'faults', action: { kind: 'cut', a: '1', b: '2', oneWay: true } }]);
  t.same(effects('/delay 1 2 200ms±50ms'), [
    { kind: 'faults', action: { kind: 'delay', a: '1', b: '2', time: '200ms±50ms' } },
  ]);
  t.same(effects('/loss 1 2 20%'), [{ kind: 'faults', action: { kind: 'loss', a: '1', b: '2', share: '20%' } }]);
  t.same(effects('/links'), [{ kind: 'faults', action: undefined }]);
  desk.press('Esc');
  t.same(effects('/set mouse on'), [{ kind: 'mouse', isOn: true }]);
  t.same(effects('/quit'), [], 'something waits still');
  t.match(desk.status, 'One of your messages waits still; the same again leaves all the same');
  t.same(effects('/quit'), [{ kind: 'quit' }]);
});

t.test('rooms: joining, leaving, and what keeps one from leaving', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  t.match(desk.enter('/join ops'), [
    { kind: 'join', room: '#ops' },
    { kind: 'subscribe', room: '#ops' },
  ]);
  t.equal(desk.model.room.name, '#ops');
  desk.open('#ops');
  t.match(desk.enter('/join #lobby'), [{ kind: 'join', room: '#lobby' }], 'no second subscription');
  t.equal(desk.model.room.name, '#lobby');
  t.same(desk.enter('/part #none'), []);
  t.match(desk.status, 'You are not in #none; /rooms lists yours');
  desk.press('M-2');
  const id = desk.say('on its way');
  t.same(desk.enter('/part'), []);
  t.match(desk.status, '1 of your messages to #ops wait');
  desk.state(id, 'sending', '#ops');
  desk.commit(id, 'on its way', 'ack', '#ops');
  desk.take('submit');
  t.same(desk.enter('/part'), [
    { kind: 'leave', room: '#ops' },
    { kind: 'unsubscribe', room: '#ops' },
  ]);
  t.same([desk.model.room.name, desk.model.rooms.length], ['#lobby', 1]);
  t.same(desk.enter('/part'), []);
  t.match(desk.status, 'is the only room you are in');
  desk.enter('/msg aaron hello me');
  t.match(desk.status, "'aaron' is nobody you can write to");
});

t.test('/names, /rooms and /status answer in the room, for this user only', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open('#lobby', { people: ['bob', 'aaron', 'ann'] });
  desk.enter('/names');
  t.match(desk.text().at(-3), 'In #lobby: aaron ann bob');
  desk.enter('/rooms');
  t.match(desk.text().at(-3), 'Rooms: 1 #lobby');
  desk.feed({ kind: 'status', asked: { ok: false, code: 'TIMEOUT', text: 'No answer' } });
  t.match(desk.text().at(-3), 'No status: No answer');
  t.same(desk.take('submit'), []);
});

t.test('/export writes what is loaded as plain lines, without what only this user saw', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.deliver('#lobby', [
    { kind: 'join', from: 'ann', text: '' },
    { kind: 'post', from: 'ann', text: 'a\nb' },
  ]);
  desk.deliver('#lobby', [{ kind: 'action', from: 'bob', text: 'nods' }]);
  desk.enter('/names');
  desk.enter('/export log.txt');
  t.same(desk.take('export'), [
    {
      kind: 'export',
      file: 'log.txt',
      lines: [
        'Mon 23 Nov 2026 08:12 -- ann joined',
        'Mon 23 Nov 2026 08:12 <ann> a\nb',
        'Mon 23 Nov 2026 08:12 * bob nods',
      ],
    },
  ]);
});

t.test('/theme and /set change how it looks', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect();
  desk.open();
  desk.enter('/theme light');
  t.equal(desk.model.theme, 'light');
  t.match(desk.status, 'light background');
  desk.enter('/set people off');
  t.notMatch(desk.text()[1], 'PEOPLE');
  desk.enter('/set ascii on');
  t.match(desk.text()[1], '|');
  t.notMatch(desk.text()[1], '│');
});
