/** Numbers in bytes, checksums, hashes and UTF-8, each against Node's own or a slow twin. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import {
  asBuffer,
  compareBytes,
  crc32,
  equalBytes,
  fromHex,
  isAllZero,
  isUtf8,
  readU16,
  readU32,
  readU64,
  sha256,
  toHex,
  U53_MAX,
  writeU16,
  writeU32,
  writeU53,
} from '../../src/base/index.js';

const seed = Number(process.env.SEED ?? 20260106);
t.comment(`seed ${seed}`);
const options = { seed, numRuns: 2000 };

t.test('numbers', async (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(20), (value, at) => {
      const bytes = Buffer.alloc(40, 0xee);
      const twin = Buffer.alloc(40, 0xee);
      writeU53(bytes, at, value);
      twin.writeBigUInt64BE(BigInt(value), at);
      writeU32(bytes, at + 8, value >>> 0);
      twin.writeUInt32BE(value >>> 0, at + 8);
      writeU16(bytes, at + 12, value & 0xffff);
      twin.writeUInt16BE(value & 0xffff, at + 12);
      if (!bytes.equals(twin)) throw new Error(bytes.toString('hex'));
      if (readU64(bytes, at) !== value || readU32(bytes, at + 8) !== value >>> 0) throw new Error('read');
      if (readU16(bytes, at + 12) !== (value & 0xffff)) throw new Error('read');
    }),
    options,
  );
  for (const value of [0, 1, 0xffffffff, 0x1_0000_0000, U53_MAX]) {
    const bytes = Buffer.alloc(8);
    writeU53(bytes, 0, value);
    t.equal(readU64(bytes, 0), value);
  }
  t.ok(readU64(Buffer.from('0020000000000000', 'hex'), 0) > U53_MAX);
  t.ok(readU64(Buffer.alloc(8, 0xff), 0) > U53_MAX);
});

t.test('comparing and hexadecimal', async (t) => {
  const any = fc.uint8Array({ maxLength: 6 });
  fc.assert(
    fc.property(any, any, (a, b) => {
      if (Math.sign(compareBytes(a, b)) !== Buffer.compare(a, b)) throw new Error('compare');
      if (equalBytes(a, b) !== (Buffer.compare(a, b) === 0)) throw new Error('equal');
      if (!equalBytes(a, a.slice()) || !equalBytes(fromHex(toHex(a)) as Buffer, a)) throw new Error('self');
      if (isAllZero(a) !== a.every((byte) => byte === 0)) throw new Error('zero');
    }),
    options,
  );
  t.equal(fromHex('abc'), undefined);
  t.equal(fromHex('zz'), undefined);
  t.equal(fromHex('')?.length, 0);
  const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  t.same(asBuffer(view), Buffer.from([2, 3]));
  asBuffer(view)[0] = 9;
  t.equal(view[0], 9, 'no copy');
});

t.test('crc32: the known value, the slow twin, the chain', async (t) => {
  t.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  t.equal(crc32(Buffer.alloc(0)), 0);
  const slow = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      if (crc32(bytes) !== slow(bytes)) throw new Error('twin');
      if (crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut))) !== crc32(bytes)) throw new Error('chain');
    }),
    { seed, numRuns: 500 },
  );
});

t.test('sha256 is that of node:crypto', async (t) => {
  let wrong = 0;
  for (let length = 0; length < 300; length++) {
    const data = Buffer.from(Array.from({ length }, (_, i) => (i * 31 + length) & 0xff));
    if (!sha256(data).equals(createHash('sha256').update(data).digest())) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('isUtf8 is what a strict decoder takes', async (t) => {
  const strict = (bytes: Uint8Array): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const pieces = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 4 }), fc.nat(5), (parts, pad) => {
      const bytes = Buffer.concat(parts);
      const verdict = strict(bytes);
      if (!verdict) refused++;
      const padded = Buffer.concat([Buffer.alloc(pad, 0xff), bytes, Buffer.alloc(pad, 0xff)]);
      if (isUtf8(bytes) !== verdict || isUtf8(padded, pad, pad + bytes.length) !== verdict)
        throw new Error(toHex(bytes));
    }),
    options,
  );
  t.ok(refused > 100, `${refused} refused`);
  for (const hex of ['c080', 'eda080', 'f4908080', 'e28', '80', 'ff', 'f8888080']) {
    t.notOk(isUtf8(Buffer.from(hex, 'hex')), hex);
  }
});
