/** The real disk: the same log on real files, descriptors, a small tmpfs that fills up. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import t from 'tap';
import { nodeClock } from '../../src/base/index.js';
import {
  FileDisk,
  type Location,
  type Recovered,
  StorageError,
  Wal,
  type WalOptions,
} from '../../src/storage/index.js';
import { testIdentity } from './world.js';

const ballot = { round: 1, server: 2, incarnation: 3 };

interface Opened {
  readonly wal: Wal;
  readonly recovered: Recovered;
  readonly full: boolean[];
}

function open(disk: FileDisk, counter: number, options: Partial<WalOptions> = {}): Promise<Opened> {
  const full: boolean[] = [];
  return new Promise((resolve, reject) =>
    Wal.open(
      disk,
      testIdentity(counter),
      {
        clock: nodeClock,
        segmentBytes: 256 * 1024,
        firstSegmentBytes: 64 * 1024,
        onDurable: () => {},
        onFull: (value) => full.push(value),
        onFatal: reject,
        ...options,
      },
      (error, opened) => (opened === undefined ? reject(error) : resolve({ ...opened, full })),
    ),
  );
}

async function until(enough: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!enough()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const close = (wal: Wal) =>
  new Promise<void>((resolve, reject) => wal.close((error) => (error ? reject(error) : resolve())));

t.test('write, roll, read back, stop, start again', async (t) => {
  const directory = t.testdir();
  const disk = new FileDisk(directory);
  const { wal } = await open(disk, 1);
  const locations: { location: Location; value: Buffer }[] = [];
  for (let slot = 1; slot <= 600; slot++) {
    const value = Buffer.alloc(slot % 7 === 0 ? 9000 : 80, slot % 256);
    const location = wal.append({ kind: 'accept', ballot, slot, value });
    if (location !== undefined) locations.push({ location, value });
    if (slot % 25 === 0) wal.flush();
    if (slot % 100 === 0) await until(() => wal.durableRecords === slot, 'durable');
  }
  t.ok(wal.segments.length >= 3, `${wal.segments.length} segments`);
  for (const { location, value } of locations) {
    const read = await new Promise<Buffer | undefined>((resolve, reject) =>
      wal.read(location, (error, bytes) => (error ? reject(error) : resolve(bytes))),
    );
    if (read?.equals(value) !== true) t.fail(`segment ${location.segment} offset ${location.offset}`);
  }
  await close(wal);
  disk.close();
  const again = new FileDisk(directory);
  const second = await open(again, 2);
  t.equal(second.recovered.entries.length, 600);
  await close(second.wal);
  again.close();
});

t.test('many files are read through few descriptors', async (t) => {
  const directory = t.testdir();
  for (let i = 0; i < 100; i++) fs.writeFileSync(path.join(directory, `f${i}`), `file ${i}`);
  const disk = new FileDisk(directory);
  const before = fs.readdirSync('/proc/self/fd').length;
  await Promise.all(
    Array.from(
      { length: 100 },
      (_, i) =>
        new Promise<void>((resolve, reject) =>
          disk.read(`f${i}`, 0, 20, (error, bytes) =>
            error || String(bytes) !== `file ${i}` ? reject(error ?? new Error(String(bytes))) : resolve(),
          ),
        ),
    ),
  );
  await new Promise<void>((resolve) =>
    disk.read('f0', 5, 20, (_error, bytes) => {
      t.equal(String(bytes), '0');
      resolve();
    }),
  );
  t.ok(fs.readdirSync('/proc/self/fd').length - before <= 101);
  disk.close();
  t.ok(fs.readdirSync('/proc/self/fd').length <= before);
});

/** Rolls the log with every descriptor taken, in a process that may have 256; prints what came of it. */
const starved = `
import * as fs from 'node:fs';
const [library, world, base, directory] = process.argv.slice(2);
const { FileDisk, Wal } = await import(library);
const { testIdentity } = await import(world);
const { nodeClock } = await import(base);
const disk = new FileDisk(directory);
let fatal = '';
const options = { clock: nodeClock, segmentBytes: 65536, firstSegmentBytes: 65536, onDurable() {}, onFull() {} };
const { wal } = await new Promise((resolve, reject) =>
  Wal.open(disk, testIdentity(1), { ...options, onFatal: (error) => { fatal = error.message; } },
    (error, opened) => (error ? reject(error) : resolve(opened))));
const held = [];
const exhaust = () => { try { for (;;) held.push(fs.openSync('/dev/null', 'r')); } catch {} };
const ballot = { round: 1, server: 2, incarnation: 3 };
const deadline = Date.now() + 20_000;
for (let slot = 1; slot <= 40; slot++) {
  exhaust();
  wal.append({ kind: 'accept', ballot, slot, value: Buffer.alloc(20_000, slot) });
  wal.flush();
  while (wal.durableRecords < slot && fatal === '' && Date.now() < deadline) await new Promise(setImmediate);
}
process.stdout.write(JSON.stringify({ held: held.length, durable: wal.durableRecords, fatal }));
process.exit();
`;

t.test('the log rolls although the process has no descriptor left (RELIABILITY.md 38)', async (t) => {
  const directory = t.testdir();
  const url = (file: string) => new URL(file, import.meta.url).href;
  const script = path.join(directory, 'starved.mjs');
  fs.writeFileSync(script, starved);
  const names = ['../../src/storage/index.js', './world.js', '../../src/base/index.js'].map(url);
  const data = path.join(directory, 'data');
  const command = ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath, script, ...names, data];
  const result = JSON.parse(execFileSync('sh', command, { encoding: 'utf8', timeout: 60_000 }));
  t.ok(result.held > 10, `${result.held} descriptors taken`);
  t.match(result, { fatal: '', durable: 40 });
  const segments = fs.readdirSync(data).filter((name) => name.endsWith('.log'));
  t.ok(segments.length > 10, `${segments.length} segments`);
});

t.test('a closed disk opens nothing any more: its directory may be of another process by now', async (t) => {
  const directory = t.testdir();
  const disk = new FileDisk(directory);
  disk.close();
  const error = await new Promise<Error | undefined>((resolve) => disk.write('late', 0, [Buffer.from('x')], resolve));
  t.match(error, { message: /after the disk was closed/ });
  t.notOk(fs.existsSync(path.join(directory, 'late')));
});

const small = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-tmpfs-'));
let mounted = false;
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'synod-test', small], { stdio: 'ignore' });
  mounted = true;
} catch {
  mounted = false;
}
t.teardown(() => {
  if (mounted) execFileSync('umount', ['-l', small]);
  fs.rmdirSync(small);
});

t.test('a 2 MiB file system that fills up', { skip: mounted ? false : 'tmpfs cannot be mounted here' }, async (t) => {
  const ballast = path.join(small, 'ballast');
  fs.writeFileSync(ballast, Buffer.alloc(900 * 1024));
  const disk = new FileDisk(small);
  const { wal, full } = await open(disk, 1, { fullRetryMs: 20 });
  let slot = 0;
  while (!wal.full) {
    wal.append({ kind: 'accept', ballot, slot: ++slot, value: Buffer.alloc(20_000, slot) });
    wal.flush();
    const want = slot;
    await until(() => wal.durableRecords === want || wal.full, 'durable or full');
  }
  t.strictSame(full, [true]);
  t.ok(wal.durableRecords < slot, `${wal.durableRecords} of ${slot} durable`);
  fs.rmSync(ballast);
  await until(() => wal.durableRecords === slot, 'goes on with space');
  t.strictSame(full, [true, false]);
  await close(wal);
  disk.close();
  const again = new FileDisk(small);
  const second = await open(again, 2, { fullRetryMs: 20 }).catch((error: Error) => error);
  if (second instanceof Error) t.ok(second instanceof StorageError, second.message);
  else {
    t.equal(second.recovered.entries.length, slot);
    await close(second.wal);
  }
  again.close();
});
