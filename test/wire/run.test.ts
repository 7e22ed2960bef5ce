/** Runs: both builders agree, the reader walks what was written, broken ones are refused where they break. */
import fc from 'fast-check';
import t from 'tap';
import { InvariantError, limits } from '../../src/base/index.js';
import {
  checkRun,
  encodeRun,
  eventKinds,
  RUN_HEADER_BYTES,
  RUN_MESSAGE_OVERHEAD_BYTES,
  type RunMessage,
  RunReader,
  readRunHeader,
  runMessageBytes,
  writeRunHeader,
  writeRunMessage,
} from '../../src/wire/index.js';
import { build, readProtocol } from './layout.js';
import { reasonOf } from './reason.js';

const protocol = readProtocol();
const runFields = protocol.structures.get('run')!;
const seed = Number(process.env.SEED ?? 20260104);
t.comment(`seed ${seed}`);

const nonce = Buffer.from('a1b2c3d4e5f60718293a4b5c6d7e8f90', 'hex');
const header = { session: { slot: 12, index: 3 }, nonce, firstSeq: 4, answeredBelow: 2 };
const messages: RunMessage[] = [
  { kind: 'post', room: '#lobby', text: 'hello' },
  { kind: 'nick', room: '', text: 'Ron' },
  { kind: 'topic', room: '#größe', text: '世界 🌍' },
];

const messageArbitrary = fc.record({
  kind: fc.constantFrom(...eventKinds.words),
  room: fc.string({ unit: 'binary', maxLength: 60 }),
  text: fc.string({ unit: 'binary', maxLength: 300 }),
});

t.test('written as the tables say, read as written', async (t) => {
  const reader = new RunReader();
  const any = fc.tuple(fc.array(messageArbitrary, { minLength: 1, maxLength: 20 }), fc.maxSafeNat(), fc.nat(30));
  fc.assert(
    fc.property(any, ([list, slot, pad]) => {
      const h = { ...header, session: { slot: Math.max(1, slot), index: pad } };
      const run = encodeRun(h, list);
      const table = { ...h, sessionSlot: h.session.slot, sessionIndex: pad, messages: list };
      if (!run.equals(Buffer.from(build(protocol, runFields, table).bytes))) throw new Error('bytes differ');
      checkRun(run);
      const sizes = list.reduce((sum, message) => sum + runMessageBytes(message), RUN_HEADER_BYTES);
      if (sizes !== run.length) throw new Error(`sizes add up to ${sizes}`);
      const padded = Buffer.concat([Buffer.alloc(pad, 0xff), run, Buffer.alloc(pad, 0xff)]);
      const back = readRunHeader(padded, pad);
      if (back.count !== list.length || back.session.slot !== h.session.slot || back.firstSeq !== 4)
        throw new Error('header');
      if (!nonce.equals(back.nonce)) throw new Error('nonce');
      reader.reset(padded, pad, pad + run.length);
      const seen: RunMessage[] = [];
      while (reader.next()) {
        if (reader.seq !== 4 + seen.length || reader.index !== seen.length) throw new Error('seq');
        seen.push({
          kind: eventKinds.words[reader.kind - 1]!,
          room: padded.toString('utf8', reader.roomOffset, reader.roomOffset + reader.roomLength),
          text: padded.toString('utf8', reader.textOffset, reader.textOffset + reader.textLength),
        });
      }
      if (JSON.stringify(seen) !== JSON.stringify(list)) throw new Error('messages differ');
      if (reader.end !== pad + run.length) throw new Error('end');
    }),
    { seed, numRuns: 500 },
  );
  t.pass('500 runs');
});

function runReason(bytes: Uint8Array): string {
  return reasonOf(() => checkRun(bytes));
}

t.test('written piece by piece it is the same run', async (t) => {
  fc.assert(
    fc.property(
      fc.array(messageArbitrary, { minLength: 1, maxLength: 8 }),
      fc.nat(20),
      fc.boolean(),
      (list, at, asBytes) => {
        const target = Buffer.alloc(8 * 1600 + 100, 0xee);
        let end = writeRunHeader(target, at, { ...header, count: list.length });
        for (const { kind, room, text } of list) {
          const start = end;
          end = writeRunMessage(target, end, kind, Buffer.from(room), asBytes ? Buffer.from(text) : text);
          const overhead = end - start - Buffer.byteLength(room) - Buffer.byteLength(text);
          if (overhead !== RUN_MESSAGE_OVERHEAD_BYTES) throw new Error(`overhead ${overhead}`);
        }
        if (!target.subarray(at, end).equals(encodeRun(header, list))) throw new Error('bytes differ');
      },
    ),
    { seed, numRuns: 300 },
  );
  t.pass('300 runs');
});

t.test('broken runs', async (t) => {
  const run = encodeRun(header, messages);
  for (let cut = 0; cut < run.length; cut++) t.equal(runReason(run.subarray(0, cut)), 'truncated', `cut at ${cut}`);
  t.equal(runReason(Buffer.concat([run, Buffer.of(0)])), 'leftOver');
  const put = (at: number, ...bytes: number[]): Buffer => {
    const bad = Buffer.from(run);
    bad.set(bytes, at);
    return bad;
  };
  t.equal(runReason(put(0, 0, 0, 0, 0, 0, 0, 0, 0)), 'outOfRange', 'session slot 0');
  t.equal(runReason(put(0, 0, 0x20)), 'outOfRange', 'session slot 2^53');
  t.equal(runReason(put(28, 0, 0, 0, 0, 0, 0, 0, 0)), 'outOfRange', 'seq 0');
  t.equal(
    runReason(put(28, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
    'outOfRange',
    'the last seq would be 2^53+1',
  );
  t.equal(runReason(put(36, 0, 0x20)), 'outOfRange', 'answered below 2^53');
  t.equal(runReason(put(43, 5)), 'outOfRange', 'answered below more than the first seq');
  t.equal(runReason(put(43, 4)), 'taken', 'answered below the first seq');
  t.equal(runReason(put(44, 0, 0)), 'outOfRange', 'no messages');
  t.equal(runReason(put(44, 0, 2)), 'leftOver', 'one fewer');
  t.equal(runReason(put(44, 0, 4)), 'truncated', 'one more');
  t.equal(runReason(put(44, 0xff, 0xff)), 'truncated', 'all there can be');
  for (const kind of [0, 7, 255]) t.equal(runReason(put(46, kind)), 'unknownValue', `kind ${kind}`);
  t.equal(runReason(put(48, 0xff)), 'utf8', 'a room of no UTF-8');
  t.equal(runReason(put(run.length - 1, 0x20)), 'utf8', 'a text of no UTF-8');
  t.equal(runReason(Buffer.alloc(limits.runBytesMax + 1)), 'tooLong');
});

t.test('what our own code must not do', async (t) => {
  t.throws(() => encodeRun(header, []), InvariantError);
  t.throws(() => encodeRun({ ...header, answeredBelow: 5 }, messages), InvariantError);
  t.throws(() => encodeRun({ ...header, firstSeq: 0, answeredBelow: 0 }, messages), InvariantError);
  t.throws(() => encodeRun({ ...header, nonce: Buffer.alloc(15) }, messages), InvariantError);
  t.throws(() => encodeRun(header, [{ kind: 'post', room: 'r'.repeat(256), text: '' }]), InvariantError);
  t.throws(() => encodeRun(header, [{ kind: 'post', room: '', text: 'x'.repeat(65_536) }]), InvariantError);
  const large = Array.from({ length: 40 }, () => ({ kind: 'post' as const, room: '#a', text: 'x'.repeat(8192) }));
  t.throws(() => encodeRun(header, large), InvariantError, 'above runBytesMax');
  t.ok(encodeRun(header, messages), 'and after all that a lawful one still works');
});
