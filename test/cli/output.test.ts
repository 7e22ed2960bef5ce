/** What line mode prints: the contract's JSON field by field, lines for people, and text that no terminal obeys. */

import fc from 'fast-check';
import t from 'tap';
import { renderTable, sanitise } from '../../src/base/index.js';
import { jsonLine, type LineEvent, plainLine } from '../../src/cli/events.js';

process.env.TZ = 'UTC';
const time = '2026-01-01T12:00:00.000Z';

const printed: readonly { event: LineEvent; json: string; plain: string }[] = [
  {
    event: { event: 'waiting', for: 'servers', registered: 2, servers: 3 },
    json: '{"event":"waiting","for":"servers","registered":2,"servers":3}',
    plain: '-- waiting for servers: 2 of 3 are in',
  },
  {
    event: { event: 'connected', server: 1, address: '127.0.0.1:9010' },
    json: '{"event":"connected","server":1,"address":"127.0.0.1:9010"}',
    plain: '-- connected to server 1 at 127.0.0.1:9010',
  },
  {
    event: { event: 'disconnected', server: 1, reason: 'closed', retryInMs: 250 },
    json: '{"event":"disconnected","server":1,"reason":"closed","retryInMs":250}',
    plain: '-- lost server 1 (closed); trying again in 250 ms',
  },
  {
    event: { event: 'quorum', ok: false, up: 1, servers: 3 },
    json: '{"event":"quorum","ok":false,"up":1,"servers":3}',
    plain:
      '-- no quorum: 1 of 3 servers up. You can read and type; messages wait here until 2 are back. Which ones: synod status',
  },
  {
    event: { event: 'message', room: '#lobby', n: 7, slot: 12, from: 'Aaron', text: 'hello', time },
    json: `{"event":"message","room":"#lobby","n":7,"slot":12,"from":"Aaron","text":"hello","time":"${time}"}`,
    plain: '12:00 <Aaron> hello',
  },
  {
    event: { event: 'message', room: '#o', n: 1, slot: 13, from: 'Lala', text: 'waves', time, action: true },
    json: `{"event":"message","room":"#o","n":1,"slot":13,"from":"Lala","text":"waves","time":"${time}","action":true}`,
    plain: '12:00 #o * Lala waves',
  },
  {
    event: { event: 'state', id: 1, state: 'committed', room: '#lobby', slot: 12, n: 7 },
    json: '{"event":"state","id":1,"state":"committed","room":"#lobby","slot":12,"n":7}',
    plain: '[1 committed slot 12]',
  },
  {
    event: { event: 'state', id: 2, state: 'failed', room: '#lobby', reason: 'too long' },
    json: '{"event":"state","id":2,"state":"failed","room":"#lobby","reason":"too long"}',
    plain: '[2 failed: too long]',
  },
  {
    event: { event: 'room', room: '#lobby', kind: 'nick', from: 'Aaron', text: 'Ron', slot: 13 },
    json: '{"event":"room","room":"#lobby","kind":"nick","from":"Aaron","text":"Ron","slot":13}',
    plain: '-- Aaron is now Ron',
  },
  {
    event: { event: 'error', code: 'NAME_TAKEN', text: 'pick another' },
    json: '{"event":"error","code":"NAME_TAKEN","text":"pick another"}',
    plain: '-- error NAME_TAKEN: pick another',
  },
];
for (const { event, json, plain } of printed) {
  t.test(plain, async (t) => {
    t.equal(jsonLine(event), json);
    t.equal(plainLine(event, '#lobby'), plain);
  });
}

const hostile: readonly { what: string; text: string; becomes: string }[] = [
  { what: 'a colour', text: 'a\u001b[31mred', becomes: 'a\u241b[31mred' },
  { what: 'a forged line', text: 'x\r\n12:00 <root> y', becomes: 'x\u240d\u240a12:00 <root> y' },
  { what: 'a line separator', text: 'a\u2028b\u0085c', becomes: 'a\ufffdb\ufffdc' },
  { what: 'one-byte escapes (C1)', text: '\u009b31m\u009d0;title\u0007', becomes: '\ufffd31m\ufffd0;title\u2407' },
  { what: 'right-to-left override', text: 'exe.\u202egnp', becomes: 'exe.\ufffdgnp' },
  { what: 'isolates', text: '\u2066a\u2069', becomes: '\ufffda\ufffd' },
  { what: 'delete and tab', text: 'a\u007fb\tc', becomes: 'a\u2421b c' },
  { what: 'half a character', text: 'a\ud800b', becomes: 'a\ufffdb' },
  { what: 'honest text of the world', text: 'né 你好 👩🏽‍🚀 שלום', becomes: 'né 你好 👩🏽‍🚀 שלום' },
];
for (const { what, text, becomes } of hostile) {
  t.test(what, async (t) => t.equal(sanitise(text), becomes));
}

const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);
t.comment(`fast-check seed ${seed}`);
const anyText = fc.string({ unit: 'binary' });

/** Says whether a terminal could take a character for more than a picture. */
function isObeyed(code: number): boolean {
  const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const isOrder = [0x061c, 0x200e, 0x200f].includes(code) || (code >= 0x202a && code <= 0x202e);
  return isControl || isOrder || code === 0x2028 || code === 0x2029 || (code >= 0x2066 && code <= 0x2069);
}

t.test('no text puts anything a terminal obeys on the screen, nor a second line', async (t) => {
  const safe = fc.property(anyText, anyText, (from, text) => {
    const event: LineEvent = { event: 'message', room: '#lobby', n: 1, slot: 1, from, text, time };
    for (const line of [plainLine(event, '#lobby'), jsonLine(event)]) {
      for (const character of line) {
        if (isObeyed(character.codePointAt(0) as number)) throw new Error(`${JSON.stringify(line)} is obeyed`);
      }
    }
  });
  fc.assert(safe, { seed });
  t.pass('property held');
});

t.test('JSON keeps the text exactly', async (t) => {
  const exact = fc.property(anyText, (text) => {
    const read = JSON.parse(jsonLine({ event: 'error', code: 'GAP', text })) as { text: string };
    if (read.text !== text) throw new Error('the text changed');
  });
  fc.assert(exact, { seed });
  t.pass('property held');
});

t.test('tables: header always, numbers to the right, no trailing spaces', async (t) => {
  const columns = [
    { title: 'ID', cell: (row: { id: string; lag: number }) => row.id },
    { title: 'LAG', right: true, cell: (row: { id: string; lag: number }) => String(row.lag) },
    { title: 'NOTE', cell: (row: { id: string; lag: number }) => (row.lag > 100 ? 'behind' : '') },
  ];
  t.strictSame(renderTable(columns, []), ['ID  LAG  NOTE']);
  t.strictSame(
    renderTable(columns, [
      { id: 's1', lag: 0 },
      { id: 's22', lag: 1041 },
    ]),
    ['ID    LAG  NOTE', 's1      0', 's22  1041  behind'],
  );
});
