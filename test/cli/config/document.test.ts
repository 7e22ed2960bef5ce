/** A TOML text: its values, the line each stands on, and every mistake in it, not only the first. */
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import t from 'tap';
import { readDocument } from '../../../src/cli/config/document.js';
import { repeatable } from '../../support/repeatable.js';

const mistakes = (text: string) => readDocument(text).problems.map(({ line, text }) => `${line} ${text}`);

t.test('values and their lines, whatever they are spread over', async (t) => {
  const text = [
    '# a comment',
    'log-level = "warn"',
    'balancer = [',
    '  "a:1", # one',
    '  "b:2",',
    ']',
    '[server]',
    'id = 1',
    '',
    "note = '''",
    '[chat]',
    "id = 2'''",
    'http.port = 5',
    '[server.replace]',
    'timeout = "1m"',
    '["bench"."run"]',
    'size = 7',
  ].join('\n');
  for (const [how, spelt] of [
    ['LF', text],
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['BOM', `\ufeff${text}`],
  ] as const) {
    const { table, problems, lineOf } = readDocument(spelt);
    t.strictSame(problems, [], how);
    t.match(table, { 'log-level': 'warn', balancer: ['a:1', 'b:2'], server: { id: 1, replace: { timeout: '1m' } } });
    for (const [path, line] of [
      ['log-level', 2],
      ['balancer', 3],
      ['server', 7],
      ['server.id', 8],
      ['server.note', 10],
      ['server.http.port', 13],
      ['server.replace.timeout', 15],
      ['bench.run.size', 17],
    ] as const) {
      t.equal(lineOf(path.split('.')), line, `${how}: ${path}`);
    }
  }
});

t.test('mistakes', async (t) => {
  const quotes = '; texts stand in "quotes"';
  const cases: readonly { text: string; says: readonly string[] }[] = [
    {
      text: 'a = yes\nb = 1\nc = "x\n',
      says: [`1 no TOML: invalid value${quotes}`, `3 no TOML: unfinished string${quotes}`],
    },
    { text: 'a = [1,\nb = 2\n', says: ['1 no TOML: this [ is never closed'] },
    { text: 'a = ["x]\nb = 2\n', says: [`1 no TOML: unfinished string${quotes}`] },
    {
      text: 'a = [\n  "x",\n  "y"\n[chat]\nname = no',
      says: ['1 no TOML: this [ is never closed', `5 no TOML: invalid value${quotes}`],
    },
    { text: 'a = [\n  "x"\n  "y"\n]\nb = 1', says: [`3 no TOML: expected comma or end of structure${quotes}`] },
    { text: 'a = [\n  "x",\n  """y\nb = 1', says: [`3 no TOML: unfinished string${quotes}`] },
    { text: 'a = { # {\n  b = [\n    "]", # ]\n  ],\n}\nc = no', says: [`6 no TOML: invalid value${quotes}`] },
    { text: 'listen = 127.0.0.1:9010', says: [`1 no TOML: illegal character in numeric literal${quotes}`] },
    {
      text: '[server\nid = x\n[chat]\na = no',
      says: ['1 no TOML: incomplete key-value: cannot find end of key', `4 no TOML: invalid value${quotes}`],
    },
    {
      text: 'a = 1\nb = 2\na = 3\nb = 4',
      says: [
        '3 a stands on line 1 already: leave one of them out',
        '4 b stands on line 2 already: leave one of them out',
      ],
    },
    {
      text: '[server]\nid = 1\n[chat]\nname = "x"\n[server]\nid = 2\n',
      says: ['5 [server] stands on line 1 already: leave one of them out'],
    },
    {
      text: 'balancer = "a:1"\n[balancer]\nservers = 3\n',
      says: [
        "2 'balancer' is a key on line 1 and a section here, which TOML cannot have both: " +
          'move the key into the sections that need it',
      ],
    },
  ];
  for (const { text, says } of cases) t.strictSame(mistakes(text), says, JSON.stringify(text));
});

t.test('after a bad section header its keys are not taken for keys of another', async (t) => {
  const { table } = readDocument('[chat]\nname = "a"\n[server\nid = 1\n[send]\nroom = "b"');
  t.match(table, { chat: { name: 'a' }, send: { room: 'b' } });
  t.notOk('id' in (table.chat as object));
});

t.test('a file of mistakes is given up soon', async (t) => {
  for (const [what, text] of [
    ['no TOML at all', 'Dear synod\n'.repeat(20_000)],
    ['one key again and again', 'a = 1\n'.repeat(20_000)],
    ['arrays that never end', 'a = [\n'.repeat(20_000)],
    ['deep', `a = ${'['.repeat(100_000)}`],
  ] as const) {
    const startMs = performance.now();
    const { problems } = readDocument(text);
    t.ok(problems.length > 0 && problems.length <= 21, `${what}: ${problems.length}`);
    t.ok(performance.now() - startMs < 20_000, `${what}: ${performance.now() - startMs} ms`);
  }
});

t.test('no text makes it fail in another way, and right texts keep their values', async (t) => {
  const key = fc.constantFrom('a', 'b', 'server', 'chat', 'id', '"x y"', '__proto__');
  const line = fc.oneof(
    fc
      .tuple(key, fc.constantFrom('1', '"t"', '[', ']', '"""', '{a=1}', 'x', ''))
      .map(([name, value]) => `${name} = ${value}`),
    key.map((name) => `[${name}]`),
    fc.constantFrom('[[server]]', '"""', ']', '# c', '', '[server', 'a.b = 1'),
    fc.string(),
  );
  const anything = fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
    const { problems } = readDocument(lines.join('\n'));
    return problems.every(({ line }) => line >= 1 && line <= lines.join('\n').split('\n').length);
  });
  fc.assert(anything, repeatable);
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.array(fc.string()));
  const section = fc.dictionary(fc.stringMatching(/^[a-z-]{1,8}$/), value);
  const right = fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), section), (document) => {
    const { table, problems } = readDocument(stringify(document));
    return problems.length === 0 && JSON.stringify(table) === JSON.stringify(document);
  });
  fc.assert(right, repeatable);
  t.pass('both hold');
});

t.test('a key of very many parts is a mistake like others', async (t) => {
  const deep = Array(50_000).fill('a').join('.');
  t.strictSame(mistakes(`log-level = "warn"\n${deep} = 1\n[${deep}]`), [
    '2 no TOML: a key has more than 32 parts; texts stand in "quotes"',
    '3 no TOML: a key has more than 32 parts',
  ]);
});
