/**
 * Properties: whatever a message may hold comes back unchanged; arbitrary values are drawn from the tables of
 * PROTOCOL.md.
 */
import fc from 'fast-check';
import t from 'tap';
import { decode, describe, encode, type Message } from '../../src/wire/index.js';
import { build, type Field, readProtocol, seal } from './layout.js';
import { fromTable, plain, toTable } from './shapes.js';

const protocol = readProtocol();
const seed = Number(process.env.SEED ?? 20260102);
t.comment(`seed ${seed}`);

const U53_MAX = Number.MAX_SAFE_INTEGER;
const HIGH: Record<string, number> = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, u53: U53_MAX };
const LIST_MAX = 6;

type Row = Record<string, unknown>;

function structureArbitrary(name: string, fields: readonly Field[]): fc.Arbitrary<Row> {
  const parts = Object.fromEntries(fields.map((field) => [field.name, fieldArbitrary(field)]));
  return fc.record(parts).map((row) => lawful(name, row));
}

function fieldArbitrary({ form, low, high }: Field): fc.Arbitrary<unknown> {
  const [word, argument = ''] = form.split(' ') as [string, string?];
  const top = high === undefined ? undefined : Number(high);
  if (form in HIGH) {
    const [min, max] = [Number(low), top ?? (HIGH[form] as number)];
    return fc.oneof(
      fc.maxSafeNat().map((n) => min + (n % (max - min + 1))),
      fc.constantFrom(min, max),
    );
  }
  if (form === 'bool') return fc.boolean();
  if (word === 'enum') return fc.constantFrom(...(protocol.enumerations.get(argument) as string[]));
  if (argument === 'bytes') return bytesArbitrary(Number(word), Number(word));
  if (word.startsWith('bytes')) return bytesArbitrary(0, Math.min(top ?? 300, 300));
  if (word.startsWith('text'))
    return fc.string({ unit: 'binary', maxLength: Math.min(Math.floor((top ?? 240) / 4), 60) });
  const element = protocol.structures.get(word.startsWith('list') ? argument : word === 'rest' ? argument : form);
  const one = element
    ? structureArbitrary(word.startsWith('list') || word === 'rest' ? argument : form, element)
    : fieldArbitrary({ name: '', form: argument, low: 0n, high: undefined });
  return word.startsWith('list') ? fc.array(one, { minLength: Number(low), maxLength: LIST_MAX }) : one;
}

function bytesArbitrary(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes));
}

/** Bends what the tables say in words, not in ranges. */
function lawful(name: string, row: Row): Row {
  const cap = (value: unknown, max: number): number => Math.min(value as number, max);
  const none = { round: 0, server: 0, incarnation: 0 };
  switch (name) {
    case 'ballot':
      if (row.round === 0) return none;
      return { ...row, server: Math.max(1, row.server as number) };
    case 'promiseEntry':
      return (row.ballot as { round: number }).round === 0 ? { ...row, chosen: true } : row;
    case 'promise':
      return { ...row, part: (row.part as number) % (row.parts as number) };
    case 'accepted':
      return { ...row, slot: cap(row.slot, U53_MAX - 4096) };
    case 'learnReply':
      return { ...row, from: cap(row.from, U53_MAX - LIST_MAX) };
    case 'span':
      return { ...row, firstSeq: cap(row.firstSeq, U53_MAX - LIST_MAX) };
    case 'group':
      return { ...row, firstEvent: cap(row.firstEvent, U53_MAX - 99), firstN: cap(row.firstN, U53_MAX - 99) };
    case 'run': {
      const firstSeq = cap(row.firstSeq, U53_MAX - LIST_MAX);
      return { ...row, firstSeq, answeredBelow: cap(row.answeredBelow, firstSeq) };
    }
    default:
      return row;
  }
}

for (const [type, layout] of protocol.messages) {
  t.test(type, async (t) => {
    let cases = 0;
    fc.assert(
      fc.property(structureArbitrary(type, layout.fields), (row) => {
        const message = fromTable(protocol, type, row);
        const frame = encode(message);
        const table = type === 'submit' ? row : toTable(message);
        const expected = seal(layout.code, build(protocol, layout.fields, table).bytes);
        if (!frame.equals(expected)) throw new Error(`bytes differ from the tables: ${frame.toString('hex')}`);
        const back: Message = decode(frame.subarray(8));
        t.same(plain(back), plain(message)) || t.bailout(`${type} came back otherwise, seed ${seed}`);
        if (!describe(back).startsWith(type)) throw new Error(describe(back));
        cases++;
      }),
      { seed, numRuns: 150 },
    );
    t.ok(cases >= 150, `${cases} cases`);
  });
}
