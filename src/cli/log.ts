/** `synod log dump|check DIR`: reads the log of a stopped server and changes nothing, not even a lock. */
import { existsSync } from 'node:fs';
import { ExitError, exitCodes, sanitise } from '../base/index.js';
import { FileDisk, type ScannedLog, scanLog, segmentNumber } from '../storage/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { dumpRecord, recordLine } from './log-text.js';

export async function log(call: Call): Promise<number> {
  const [action, directory] = call.positionals;
  if (action !== 'dump' && action !== 'check')
    throw new UsageError('say what to do: synod log dump DIR, or log check DIR');
  if (directory === undefined) throw new UsageError(`which directory? synod log ${action} DIR`);
  const disk = openReadOnly(directory);
  if (action === 'dump') {
    dump(call, disk);
    return exitCodes.ok;
  }
  check(call, disk);
  return exitCodes.ok;
}

/** @throws ExitError (3) when there is no log: opening a disk would otherwise make the directory. */
function openReadOnly(directory: string): FileDisk {
  const advice = "Give a server's data directory, e.g. ./synod-data/server-1";
  if (!existsSync(directory))
    throw new ExitError(exitCodes.refused, 'NO_LOG', `${directory} does not exist. ${advice}`);
  const disk = new FileDisk(directory);
  if (disk.list().some((name) => segmentNumber(name) !== undefined)) return disk;
  throw new ExitError(exitCodes.refused, 'NO_LOG', `${directory} holds no log. ${advice}`);
}

/** What is chosen need not stay in memory: a log may be longer than that. */
const letGo = (): void => undefined;

/** Prints record by record, so that what stands before a damaged place is seen before the error. */
function dump(call: Call, disk: FileDisk): void {
  const isJson = call.options.has('json');
  scanLog(disk, {
    onChosen: letGo,
    visit: (segment, read) => {
      const record = dumpRecord(segment, read);
      call.output.line(isJson ? jsonLine(record) : sanitise(recordLine(record)));
    },
  });
}

function check(call: Call, disk: FileDisk): void {
  const found = scanLog(disk, { onChosen: letGo });
  const summary = summarise(found);
  if (call.options.has('json')) {
    call.output.line(jsonLine(summary));
    return;
  }
  call.output.line(
    `sound: ${summary.records} records in ${summary.segments} segments, promised ${summary.promised}, chosen through ` +
      `slot ${summary.commit} at least`,
  );
  if (summary.tornTail !== null) {
    const { segment, offset, records } = summary.tornTail;
    call.output.line(
      `a torn tail (segment ${segment} from byte ${offset}, ${records} whole records in it) was never acknowledged`,
    );
  }
}

/** What `log check --json` prints. */
function summarise(found: ScannedLog) {
  return {
    ok: true,
    segments: found.segments.length,
    records: found.lastSequence,
    promised: `${found.promised.round}.${found.promised.server}`,
    commit: found.commit,
    tornTail: found.cut ?? null,
  };
}
