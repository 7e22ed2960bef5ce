/**
 * The log on this machine's disk: appends per second and append→durable latency, beside a bare 4 KiB fdatasync in the
 * same run.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { nodeClock } from '../src/base/index.js';
import { FileDisk, type LogRecord, Wal } from '../src/storage/index.js';

const ballot = { round: 1, server: 1, incarnation: 1 };
const seconds = Number(process.argv[2] ?? 2);

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

function report(name: string, count: number, bytes: number, elapsedNs: number, histogram: RecordableHistogram): void {
  const perSecond = Math.round((count * 1e9) / elapsedNs);
  const mib = ((bytes * 1e9) / elapsedNs / 2 ** 20).toFixed(1);
  const us = (percent: number): string => (histogram.percentile(percent) / 1000).toFixed(0);
  console.log(
    `${name.padEnd(34)} ${String(perSecond).padStart(8)}/s ${mib.padStart(7)} MiB/s  p50 ${us(50)} µs  p99 ${us(99)} µs`,
  );
}

function openWal(directory: string, onDurable: (records: number) => void): Promise<{ wal: Wal; disk: FileDisk }> {
  const disk = new FileDisk(directory);
  const birthId = Buffer.alloc(16, 1);
  const identity = {
    clusterId: birthId,
    serverId: 1,
    birthId,
    epoch: 1,
    incarnation: 2 ** 32,
    members: [{ id: 1, birthId }],
  };
  const onFatal = (error: Error): void => {
    throw error;
  };
  return new Promise((resolve, reject) =>
    Wal.open(disk, identity, { clock: nodeClock, onDurable, onFatal, onFull: () => {} }, (error, opened) =>
      opened === undefined ? reject(error) : resolve({ wal: opened.wal, disk }),
    ),
  );
}

/** Closed loop: `inFlight` appends of `bytes` each outstanding; one flush per turn, as the driver does. */
async function closedLoop(name: string, directory: string, inFlight: number, bytes: number): Promise<void> {
  const began: number[] = [];
  const histogram = createHistogram();
  const value = Buffer.alloc(bytes, 7);
  let acknowledged = 0;
  let slot = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let endNs = 0;
  const append = (): void => {
    slot++;
    began.push(nowNs());
    const record: LogRecord = { kind: 'accept', ballot, slot, value };
    wal.append(record);
  };
  const { wal, disk } = await openWal(directory, (records) => {
    const at = nowNs();
    for (; acknowledged < records; acknowledged++) {
      histogram.record(Math.max(1, at - (began[acknowledged] ?? at)));
      if (at < endNs) append();
    }
    wal.flush();
    if (acknowledged === slot) finish();
  });
  // The first full-sized segment is prepared meanwhile, as in a server that has run for a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const startNs = nowNs();
  endNs = startNs + seconds * 1e9;
  for (let i = 0; i < inFlight; i++) append();
  wal.flush();
  await finished;
  report(name, acknowledged, acknowledged * bytes, nowNs() - startNs, histogram);
  await new Promise<void>((resolve) => wal.close(() => resolve()));
  disk.close();
}

/** What the disk gives to one writer: 4 KiB into a zero-filled file, fdatasync with a callback. */
async function bare(directory: string): Promise<void> {
  const file = path.join(directory, 'bare');
  fs.writeFileSync(file, Buffer.alloc(64 * 2 ** 20));
  const fd = fs.openSync(file, 'r+');
  fs.fsyncSync(fd);
  const page = Buffer.alloc(4096, 1);
  const histogram = createHistogram();
  const startNs = nowNs();
  let count = 0;
  while (nowNs() - startNs < seconds * 1e9) {
    const at = nowNs();
    fs.writeSync(fd, page, 0, 4096, (count % 16_384) * 4096);
    await new Promise<void>((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve())));
    histogram.record(Math.max(1, nowNs() - at));
    count++;
  }
  report('bare 4 KiB write + fdatasync', count, count * 4096, nowNs() - startNs, histogram);
  fs.closeSync(fd);
}

const root = fs.mkdtempSync(path.join(process.env.BENCH_DIR ?? process.cwd(), '.bench-wal-'));
const make = (name: string): string => {
  const directory = path.join(root, name);
  fs.mkdirSync(directory);
  return directory;
};
console.log(
  `# wal ${new Date().toISOString()} ${os.hostname()} ${os.cpus().length} cores node ${process.version} durable=yes ${seconds} s each, closed loop`,
);
try {
  await bare(make('bare1'));
  await closedLoop('100 B, 1 in flight', make('one'), 1, 100);
  await closedLoop('100 B, 1,000 in flight', make('thousand'), 1000, 100);
  await closedLoop('100 KB batches, 1 in flight', make('big'), 1, 100_000);
  await closedLoop('100 KB batches, 8 in flight', make('big8'), 8, 100_000);
  await bare(make('bare2'));
} finally {
  fs.rmSync(root, { recursive: true, force: true });
}
