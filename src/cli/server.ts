/** `synod server`: checks its options, says what it waits for while it joins, and serves until it is told to end. */
import { limits } from '../base/index.js';
import { type StartProgress, startServer } from '../daemon/index.js';
import { readMode } from '../proxy/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, serve } from './daemon.js';
import { UsageError } from './go-flags.js';
import { testBuildOptions } from './test-build.js';
import { asUsage, readAddress, readAddresses, readBytes, readChoice, readInteger } from './values.js';

export async function server(call: Call): Promise<number> {
  const { options } = call;
  const idText = options.text('id');
  if (idText === undefined) throw new UsageError('which server is it? Give --id N (0 takes a free number)');
  const id = readInteger('--id', idText, 0, 65_535);
  const listen = readAddress('--listen', options.text('listen') ?? '');
  const fsync = readChoice('--fsync', options.text('fsync') ?? '', ['always', 'never']);
  const advertise = options.text('advertise');
  const mode = options.text('mode') ?? '';
  const retain = options.text('retain');
  const retainBytes = retain === undefined ? undefined : readBytes('--retain', retain, limits.retainBytesMin);
  asUsage('--mode', () => readMode(mode));
  const signal = daemonSignal(call);
  const logger = daemonLogger(call, 'server');
  if (fsync === 'never') {
    logger.warn('--fsync never: a power loss may lose acknowledged messages; leave it out to keep them');
  }
  const handle = await startServer({
    id,
    listen,
    balancers: readAddresses('--balancer', options.text('balancer') ?? ''),
    ...(advertise === undefined ? {} : { advertise: readAddress('--advertise', advertise) }),
    dataDir: options.text('data-dir') ?? defaultDataDir(id, listen),
    fsync,
    mode,
    ...(retainBytes === undefined ? {} : { retainBytes }),
    ...testBuildOptions(call.environment),
    logger,
    onProgress: (progress) => call.output.note(`${call.program}: ${progressText(progress)}`),
    signal,
  });
  if (id === 0) call.output.note(`${call.program}: took id ${handle.id}; it is kept in the data directory`);
  return serve(call, handle, `READY server ${handle.id} ${handle.address}`, signal);
}

/** With id 0 the number is not known yet, so that the port names the directory: the same one after a restart. */
function defaultDataDir(id: number, listen: string): string {
  return id === 0 ? `./synod-data/server-at-${listen.replace(/^.*:/, '')}` : `./synod-data/server-${id}`;
}

function progressText(progress: StartProgress): string {
  if (progress.kind === 'servers') {
    return `registered as server ${progress.id}; waiting for ${progress.registered} of ${progress.servers} servers`;
  }
  const { address, reason } = progress;
  return `no balancer at ${address} (${reason}); trying again. Is it running? Start one: synod balancer`;
}
