/** Entries and items: as the tables say, walked as written, refused where broken. */
import t from 'tap';
import { InvariantError, limits } from '../../src/base/index.js';
import {
  attachItem,
  checkBatch,
  checkEntry,
  decisionItem,
  detachItem,
  ENTRY_HEADER_BYTES,
  EntryReader,
  encodeEntry,
  encodeRun,
  ITEM_ATTACH,
  ITEM_DECISION,
  ITEM_DETACH,
  ITEM_MEMBERS,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  membersItem,
  noopEntry,
  readAttach,
  readDecision,
  readDetach,
  readEntryHeader,
  readMembers,
  readRegister,
  readTouch,
  registerItem,
  runItem,
  touchItem,
} from '../../src/wire/index.js';
import { build, readProtocol } from './layout.js';
import { reasonOf } from './reason.js';
import { plain } from './shapes.js';

const protocol = readProtocol();
const nonce = Buffer.alloc(16, 0xa1);
const session = { slot: 12, index: 3 };
const stamp = { elapsedMs: 60_000, wallMs: 1_700_000_000_000 };
const run = encodeRun({ session, nonce, firstSeq: 1, answeredBelow: 1 }, [{ kind: 'post', room: '#a', text: 'hé' }]);
const register = { nonce, window: 64, server: 2, tokenHash: Buffer.alloc(32, 7), name: 'Åron' };
const attach = { session, nonce, server: 65_535 };
const detach = { session, attachment: Number.MAX_SAFE_INTEGER };
const sessions = [session, { slot: Number.MAX_SAFE_INTEGER, index: 0xffffffff }];
const birthId = Buffer.alloc(16, 0xb1);
const members = {
  epoch: 2,
  seats: [
    { id: 1, birthId, votes: true, takes: 0 },
    { id: 2, birthId, votes: true, takes: 0 },
    { id: 3, birthId, votes: false, takes: 0 },
    { id: 65_535, birthId: Buffer.alloc(16), votes: false, takes: 2 },
  ],
};
const decision = {
  verb: 'recover',
  id: Buffer.alloc(16, 0xd1),
  basis: 2 ** 40 + 3,
  count: Number.MAX_SAFE_INTEGER,
  ageMs: limits.retainAgeMsMax,
  tokenHash: Buffer.alloc(32, 0xa3),
  subject: 'Åron',
  why: 'lost it, sö',
} as const;
const items = [
  runItem(run),
  registerItem(register),
  touchItem(sessions),
  attachItem(attach),
  detachItem(detach),
  membersItem(members),
  decisionItem(decision),
];

function structure(name: string, value: object): Buffer {
  return Buffer.from(build(protocol, protocol.structures.get(name)!, value).bytes);
}

function itemBytes(kind: number, body: Uint8Array): Buffer {
  return structure('item', { kind, body });
}

t.test('items and entries are as the tables say', async (t) => {
  t.same(items[0], itemBytes(ITEM_RUN, run));
  t.same(items[1], itemBytes(ITEM_REGISTER, structure('registerItem', register)));
  t.same(items[2], itemBytes(ITEM_TOUCH, structure('touchItem', { sessions })));
  t.same(items[3], itemBytes(ITEM_ATTACH, structure('attachItem', attach)));
  t.same(items[4], itemBytes(ITEM_DETACH, structure('detachItem', detach)));
  t.same(items[5], itemBytes(ITEM_MEMBERS, structure('membersItem', members)));
  t.same(items[6], itemBytes(ITEM_DECISION, structure('decisionItem', decision)));
  const head = (kind: number): Buffer => structure('entry', { kind, ...stamp, items: [] });
  t.same(noopEntry(stamp), head(0));
  const batches = [Buffer.concat(items.slice(0, 2)), Buffer.concat(items.slice(2))];
  t.same(encodeEntry(stamp, batches), Buffer.concat([head(1), ...items]));
});

t.test('an entry is walked item by item', async (t) => {
  const entry = encodeEntry(stamp, [Buffer.concat(items)]);
  checkEntry(entry);
  checkBatch(Buffer.concat(items));
  checkEntry(noopEntry(stamp));
  t.same(readEntryHeader(entry), { noop: false, ...stamp });
  t.same(readEntryHeader(noopEntry({ elapsedMs: 0, wallMs: 0 })), { noop: true, elapsedMs: 0, wallMs: 0 });
  const reader = new EntryReader().resetEntry(entry);
  const read: unknown[] = [];
  let end = ENTRY_HEADER_BYTES;
  while (reader.next()) {
    const { kind, offset, length } = reader;
    t.equal(reader.index, read.length);
    t.equal(offset, end + 5);
    end = reader.end;
    if (kind === ITEM_RUN) read.push(entry.subarray(offset, offset + length));
    if (kind === ITEM_REGISTER) read.push(readRegister(entry, offset, length));
    if (kind === ITEM_TOUCH) read.push(readTouch(entry, offset, length));
    if (kind === ITEM_ATTACH) read.push(readAttach(entry, offset, length));
    if (kind === ITEM_DETACH) read.push(readDetach(entry, offset, length));
    if (kind === ITEM_MEMBERS) read.push(readMembers(entry, offset, length));
    if (kind === ITEM_DECISION) read.push(readDecision(entry, offset, length));
  }
  t.equal(end, entry.length);
  t.same(plain(read), plain([run, register, sessions, attach, detach, members, decision]));
  t.notOk(reader.next(), 'it stays at the end');
  t.notOk(new EntryReader().resetEntry(noopEntry(stamp)).next(), 'a no-op has no items');
});

t.test('cut off, prolonged or changed it is refused', async (t) => {
  const entry = encodeEntry(stamp, items);
  const itemEnds = new Set(items.map((_, i) => items.slice(0, i).reduce((sum, item) => sum + item.length, 0)));
  for (let cut = 0; cut < entry.length; cut++) {
    const isBoundary = cut > ENTRY_HEADER_BYTES && itemEnds.has(cut - ENTRY_HEADER_BYTES);
    const reason = reasonOf(() => checkEntry(entry.subarray(0, cut)));
    t.equal(reason, isBoundary ? 'taken' : 'truncated', `cut at ${cut}`);
  }
  for (const [i, item] of items.entries()) {
    const { length } = item;
    const longer = itemBytes(i + 1, Buffer.concat([item.subarray(5), Buffer.of(0)]));
    t.match(
      reasonOf(() => checkBatch(longer)),
      /leftOver|count|truncated/,
      `item ${i + 1} with a byte more`,
    );
    for (let cut = 5; cut < length; cut++) {
      const reason = reasonOf(() => checkBatch(itemBytes(i + 1, item.subarray(5, cut))));
      t.match(reason, /truncated|count/, `item ${i + 1} with ${cut - 5} of ${length - 5} bytes`);
    }
  }
  t.equal(
    reasonOf(() => checkBatch(Buffer.alloc(0))),
    'truncated',
    'no items',
  );
  t.equal(
    reasonOf(() => checkBatch(Buffer.alloc(limits.batchBytesMax + 1))),
    'tooLong',
  );
  t.equal(
    reasonOf(() => checkBatch(itemBytes(0, Buffer.alloc(0)))),
    'unknownValue',
  );
  t.equal(
    reasonOf(() => checkBatch(itemBytes(8, Buffer.alloc(0)))),
    'unknownValue',
  );
  t.equal(
    reasonOf(() => checkBatch(Buffer.of(1, 0xff, 0xff, 0xff, 0xff))),
    'truncated',
    'a huge item',
  );
  t.equal(
    reasonOf(() => checkEntry(put(entry, 0, 2))),
    'unknownValue',
    'entry kind 2',
  );
  t.equal(
    reasonOf(() => checkEntry(put(entry, 0, 0))),
    'leftOver',
    'a no-op with items',
  );
  t.equal(
    reasonOf(() => checkEntry(put(noopEntry(stamp), 0, 1))),
    'truncated',
    'a batch without items',
  );
  t.equal(
    reasonOf(() => checkEntry(put(entry, 1, 0, 0, 0xea, 0x61))),
    'outOfRange',
    '60,001 ms',
  );
  t.equal(
    reasonOf(() => checkEntry(put(entry, 5, 0, 0x20))),
    'outOfRange',
    'wall clock 2^53',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[1]!, 21, 0, 0))),
    'outOfRange',
    'window 0',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[1]!, 21, 0x10, 0x01))),
    'outOfRange',
    'window 4097',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[1]!, items[1]!.length - 1, 0xff))),
    'utf8',
    'a name of no UTF-8',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[2]!, 5, 0, 0))),
    'count',
    'a touch of nobody',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[2]!, 5, 0xff, 0xff))),
    'count',
    'a touch of all',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[3]!, 5, 0, 0, 0, 0, 0, 0, 0, 0))),
    'outOfRange',
    'session slot 0',
  );
  t.equal(
    reasonOf(() => checkBatch(put(items[4]!, 17, 0xff))),
    'outOfRange',
    'attachment',
  );
});

t.test('what our own code must not do', async (t) => {
  t.throws(() => encodeEntry(stamp, []), InvariantError);
  t.throws(() => encodeEntry({ ...stamp, elapsedMs: 60_001 }, [items[0]!]), InvariantError);
  t.throws(() => encodeEntry({ ...stamp, elapsedMs: 0.5 }, [items[0]!]), InvariantError);
  t.throws(() => encodeEntry({ ...stamp, wallMs: -1 }, [items[0]!]), InvariantError);
  t.throws(() => encodeEntry(stamp, [Buffer.alloc(limits.batchBytesMax + 1)]), InvariantError);
  t.throws(() => registerItem({ ...register, window: 0 }), InvariantError);
  t.throws(() => registerItem({ ...register, name: 'n'.repeat(256) }), InvariantError);
  t.throws(() => touchItem([]), InvariantError);
  t.throws(() => detachItem({ session: { slot: 0, index: 0 }, attachment: 1 }), InvariantError);
});

t.test('a membership that no honest server proposes is refused, and never made', async (t) => {
  const seat = { id: 1, birthId, votes: true, takes: 0 };
  const wrong: [string, number, object[]][] = [
    ['the epoch of the seal', 1, [seat]],
    ['two seats', 2, [seat, { ...seat, id: 2 }]],
    ['nobody', 2, []],
    ['id 0', 2, [{ ...seat, id: 0 }]],
    ['one id twice', 2, [seat, seat, { ...seat, id: 2 }]],
    ['nobody votes', 2, [{ ...seat, votes: false }]],
    ['a voter that takes a seat', 2, [seat, { ...seat, id: 4, takes: 1 }]],
    ["a seat that is nobody's", 2, [seat, { ...seat, id: 4, votes: false, takes: 3 }]],
    ['a seat that two take', 2, [seat, ...[4, 5].map((id) => ({ ...seat, id, votes: false, takes: 1 }))]],
  ];
  for (const [what, epoch, seats] of wrong) {
    const bytes = itemBytes(ITEM_MEMBERS, Buffer.from(unchecked(epoch, seats)));
    t.equal(
      reasonOf(() => checkBatch(bytes)),
      'outOfRange',
      what,
    );
    t.throws(() => membersItem({ epoch, seats: seats as typeof members.seats }), InvariantError, what);
  }
});

t.test('a decision that no honest server proposes is refused, and never made', async (t) => {
  const wrong: [string, object][] = [
    ['an age above a century', { ageMs: limits.retainAgeMsMax + 1 }],
    ['an age that is no number of milliseconds', { ageMs: Number.MAX_SAFE_INTEGER }],
  ];
  for (const [what, more] of wrong) {
    const bytes = itemBytes(ITEM_DECISION, structure('decisionItem', { ...decision, ...more }));
    t.equal(
      reasonOf(() => checkBatch(bytes)),
      'outOfRange',
      what,
    );
    t.throws(() => decisionItem({ ...decision, ...more }), InvariantError, what);
  }
  const body = structure('decisionItem', decision);
  for (const verb of [0, 6, 255]) {
    t.equal(
      reasonOf(() => checkBatch(itemBytes(ITEM_DECISION, put(body, 0, verb)))),
      'unknownValue',
      `verb ${verb}`,
    );
  }
  const long = structure('decisionItem', { ...decision, why: 'x'.repeat(limits.whyBytesMax + 1) });
  t.equal(
    reasonOf(() => checkBatch(itemBytes(ITEM_DECISION, long))),
    'tooLong',
  );
  t.throws(() => decisionItem({ ...decision, why: 'x'.repeat(limits.whyBytesMax + 1) }), InvariantError);
  t.throws(() => decisionItem({ ...decision, subject: 'x'.repeat(256) }), InvariantError);
});

function put(bytes: Buffer, at: number, ...values: number[]): Buffer {
  const bad = Buffer.from(bytes);
  bad.set(values, at);
  return bad;
}

/** The body of a members item without any check. */
function unchecked(epoch: number, seats: readonly object[]): number[] {
  const bytes = Buffer.alloc(10 + seats.length * 21);
  bytes.writeUInt32BE(epoch, 4);
  bytes.writeUInt16BE(seats.length, 8);
  (seats as typeof members.seats).forEach(({ id, votes, takes }, i) => {
    bytes.writeUInt16BE(id, 10 + i * 21);
    bytes[10 + i * 21 + 18] = votes ? 1 : 0;
    bytes.writeUInt16BE(takes, 10 + i * 21 + 19);
  });
  return [...bytes];
}
