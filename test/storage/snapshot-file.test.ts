/** A snapshot's file: every bit that is wrong and every byte that is missing is noticed; errors say what to do. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type SnapshotHeader, SnapshotReader, SnapshotWriter } from '../../src/storage/index.js';
import { SmallDisk } from '../support/small-disk.js';

const header: SnapshotHeader = {
  cluster: '0123456789abcdef0123456789abcdef',
  server: 2,
  slot: 77,
  hash: '0123456789abcdef',
  firstKept: 5,
  time: '2026-11-26T12:00:00.000Z',
};
const pieces = [Buffer.from('one'), Buffer.alloc(40, 7), Buffer.from('three')];

function write(t: Test): string {
  const file = path.join(t.testdir(), 'ops.snap');
  const writer = SnapshotWriter.create(file, header);
  for (const piece of pieces) writer.add(piece);
  t.notOk(existsSync(file), 'it appears when it is whole');
  writer.finish();
  return file;
}

function read(file: string): { header: SnapshotHeader; pieces: Buffer[]; bytes: number } {
  const reader = SnapshotReader.open(file);
  try {
    return { header: reader.header, pieces: [...reader.pieces()], bytes: reader.bytes };
  } finally {
    reader.close();
  }
}

t.test('what was written comes back', async (t) => {
  const file = write(t);
  t.same(read(file), { header, pieces, bytes: readFileSync(file).length });
  t.notOk(existsSync(`${file}.part`));
  t.throws(() => SnapshotWriter.create(file, header), {
    exitCode: 3,
    message: /is there already: choose another name/,
  });
});

t.test('it can be read again, and what was changed meanwhile is not taken', (t) => {
  const file = write(t);
  const reader = SnapshotReader.open(file);
  t.same([...reader.pieces()], pieces);
  t.same([...reader.pieces()], pieces);
  const other = `${file}2`;
  const writer = SnapshotWriter.create(other, header);
  for (const piece of [...pieces].reverse()) writer.add(piece);
  writer.finish();
  writeFileSync(file, readFileSync(other));
  t.throws(() => [...reader.pieces()], { code: 'SNAPSHOT_DAMAGED', message: /changed while it was read/ });
  reader.close();
  t.end();
});

t.test('what stands in the place of the unfinished file is removed, not written through', (t) => {
  const folder = t.testdir({ precious: 'mine' });
  const file = path.join(folder, 'ops.snap');
  symlinkSync(path.join(folder, 'precious'), `${file}.part`);
  const writer = SnapshotWriter.create(file, header);
  writer.finish();
  t.equal(readFileSync(path.join(folder, 'precious'), 'utf8'), 'mine');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.end();
});

t.test('every bit and every truncation', async (t) => {
  const file = write(t);
  const sound = readFileSync(file);
  const wrong: string[] = [];
  const judge = (what: string, bytes: Uint8Array): void => {
    writeFileSync(file, bytes);
    try {
      read(file);
      wrong.push(`${what}: read`);
    } catch (error) {
      const { exitCode, code } = error as { exitCode?: number; code?: string };
      const isRight = exitCode === 7 && (code === 'SNAPSHOT_DAMAGED' || code === 'SNAPSHOT_VERSION');
      if (!isRight) wrong.push(`${what}: ${String(error)}`);
    }
  };
  for (let at = 0; at < sound.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      judge(`bit ${bit} of byte ${at}`, bytes);
    }
    judge(`cut off at ${at}`, sound.subarray(0, at));
  }
  judge('a byte more', Buffer.concat([sound, Buffer.of(0)]));
  t.same(wrong, []);
});

t.test('frames that are missing, doubled or moved', async (t) => {
  const file = write(t);
  const sound = readFileSync(file);
  const frames: Buffer[] = [];
  for (let at = 17; at < sound.length; ) {
    const end = at + 8 + sound.readUInt32BE(at);
    frames.push(sound.subarray(at, end));
    at = end;
  }
  t.equal(frames.length, 5);
  const [head, one, two, three, end] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer];
  for (const order of [
    [head, one, three, end],
    [head, one, one, two, three, end],
    [head, two, one, three, end],
    [head, end],
  ]) {
    writeFileSync(file, Buffer.concat([sound.subarray(0, 17), ...order]));
    t.throws(() => read(file), { code: 'SNAPSHOT_DAMAGED', exitCode: 7 });
  }
});

t.test('what it says to people', async (t) => {
  const folder = t.testdir({ empty: '', text: 'synod of another kind', newer: 'synod snapshot 2\n…', 'a-file': '' });
  const says = (name: string, message: RegExp, exitCode: number): unknown =>
    t.throws(() => read(path.join(folder, name)), { exitCode, message });
  says('none', /cannot read .*none: there is no such file. Check its name/, 3);
  says('a-file/x', /a part of this path is a file/, 3);
  says('.', /it is a folder. Name a file/, 3);
  says('empty', /empty is damaged: it is cut off \(byte 0\). Use another copy, or save it anew/, 7);
  says('text', /it does not begin as a snapshot does/, 7);
  says('newer', /has format 2, this program knows 1: use the newer program that wrote it/, 7);
  const saves = (name: string, message: RegExp): unknown =>
    t.throws(() => SnapshotWriter.create(path.join(folder, name), header), { exitCode: 3, message });
  saves('none/ops.snap', /cannot write .*: the folder it shall be in does not exist/);
  saves('a-file/ops.snap', /a part of this path is a file/);
  saves('text', /is there already: choose another name/);
});

t.test('a place that this user may not use', { skip: process.getuid?.() === 0 && 'root may everything' }, async (t) => {
  const folder = path.join(t.testdir(), 'closed');
  mkdirSync(folder, { mode: 0o500 });
  t.teardown(() => chmodSync(folder, 0o700));
  t.throws(() => SnapshotWriter.create(path.join(folder, 'ops.snap'), header), {
    exitCode: 3,
    message: /this user may not/,
  });
});

t.test('a disk that is full', { skip: !SmallDisk.available && 'no right to mount' }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-full-'));
  const disk = new SmallDisk(path.join(folder, 'small'), 64);
  t.teardown(() => {
    disk.unmount();
    rmSync(folder, { recursive: true });
  });
  const file = path.join(disk.folder, 'ops.snap');
  const writer = SnapshotWriter.create(file, header);
  const fill = (): void => {
    for (let i = 0; i < 100; i++) writer.add(Buffer.alloc(4096, i));
  };
  t.throws(fill, { exitCode: 3, message: /cannot write .*: the disk is full. Free some space/ });
  writer.abandon();
  t.notOk(existsSync(file) || existsSync(`${file}.part`), 'nothing is left of it');
});
