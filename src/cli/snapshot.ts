/** `synod snapshot save|status|restore`: a stopped server's state as one file, and a new cluster made of it. */
import path from 'node:path';
import { exitCodes, type LogFields, type Logger, sanitise } from '../base/index.js';
import { inspectSnapshot, restoreSnapshot, type SnapshotContents, saveSnapshot } from '../daemon/index.js';
import type { Call, Output } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { testBuildOptions } from './test-build.js';
import { readServers } from './values.js';

export async function snapshotSave(call: Call): Promise<number> {
  const file = onlyFile(call, 'save');
  const dataDir = dataDirOf(call, 'the data directory of a stopped server');
  testBuildOptions(call.environment);
  const { undecided, ...contents } = await saveSnapshot(dataDir, file, errorsOnly(call.output), call.signal);
  if (undecided > 0)
    call.output.note(
      `${call.program}: warning: ${undecided} later ${undecided === 1 ? 'slot is' : 'slots are'} voted for and not known ` +
        'to be chosen: save another server, or start the cluster and stop it in order',
    );
  return show(call, 'save', contents);
}

export async function snapshotStatus(call: Call): Promise<number> {
  return show(call, 'status', await inspectSnapshot(onlyFile(call, 'status'), call.signal));
}

export async function snapshotRestore(call: Call): Promise<number> {
  const { options, output } = call;
  const file = onlyFile(call, 'restore');
  const dataDir = dataDirOf(call, 'where the new directories shall be');
  const servers = readServers('--servers', options.text('servers') ?? '');
  testBuildOptions(call.environment);
  const { cluster, directories } = await restoreSnapshot(file, dataDir, servers, errorsOnly(output), call.signal);
  if (options.has('json')) output.line(jsonLine({ event: 'restore', cluster, directories }));
  else {
    output.line(`new cluster ${cluster.slice(0, 8)}, to be started so:`);
    for (const [at, directory] of directories.entries())
      output.line(sanitise(`synod server --id ${at + 1} --data-dir ${directory}`));
    output.line(sanitise(`synod balancer --servers ${servers} --data-dir ${path.join(dataDir, 'balancer')}`));
  }
  return exitCodes.ok;
}

function onlyFile({ positionals }: Call, what: string): string {
  const [file] = positionals;
  if (file === undefined) throw new UsageError(`which file? synod snapshot ${what} FILE`);
  return file;
}

function dataDirOf({ options }: Call, what: string): string {
  const dataDir = options.text('data-dir');
  if (dataDir === undefined) throw new UsageError(`--data-dir is required: ${what}`);
  return dataDir;
}

/** What a server would log as an error, for the person at the terminal: something that was there is not sound. */
function errorsOnly(output: Output): Logger {
  const tell = (event: string, { text, why }: LogFields = {}): void =>
    output.note(sanitise(`${text ?? event} (${why ?? event})`));
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: tell,
    child: () => logger,
  };
  return logger;
}

function show({ options, output }: Call, event: string, contents: SnapshotContents): number {
  if (options.has('json')) {
    output.line(jsonLine({ event, ...contents }));
    return exitCodes.ok;
  }
  const { cluster, server, slot, hash, firstKept, time, logClock, rooms, messages, names, bytes } = contents;
  output.line(`cluster ${cluster.slice(0, 8)}, server ${server}, saved ${time}`);
  output.line(`slot ${slot}, log clock ${logClock}, hash ${hash}, log from slot ${firstKept}`);
  output.line(`rooms ${rooms}, messages ${messages}, names ${names}, bytes ${bytes}: sound`);
  return exitCodes.ok;
}
