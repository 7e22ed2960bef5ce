/** `synod server`: checks its options, says what it waits for while it joins, and serves until it is told to end. */
import { isUnspecified, limits, nodeClock, parseAddress, tuneMemory } from '../base/index.js';
import { noBalancerText } from '../client/index.js';
import { type StartProgress, startServer } from '../daemon/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, httpOptions, portFlag, serve } from './daemon.js';
import { readModeText } from './fault-values.js';
import { UsageError } from './go-flags.js';
import { readAccess, readMessageRate } from './security.js';
import { testBuildOptions } from './test-build.js';
import { readAddress, readAddresses, readFsync, readOwnId, readRetain } from './values.js';

export async function server(call: Call): Promise<number> {
  const { options } = call;
  const idText = options.text('id');
  if (idText === undefined) throw new UsageError('which server is it? Give --id N (0 takes a free number)');
  const id = readOwnId('--id', idText);
  const listen = readAddress('--listen', options.text('listen') ?? '');
  const memory = options.has('memory');
  const fsync = readFsync('--fsync', options.text('fsync') ?? 'always');
  const advertise = options.text('advertise');
  const mode = readModeText('--mode', options.text('mode') ?? '');
  const retain = options.text('retain');
  const retainBytes = retain === undefined ? undefined : readRetain('--retain', retain);
  const signal = daemonSignal(call);
  const logger = await daemonLogger(call, 'server');
  const own = parseAddress(listen);
  if (advertise === undefined && !('error' in own) && isUnspecified(own.host)) {
    const text = `others are told ${listen}, which leads nowhere from other hosts: give --advertise HOST:PORT`;
    logger.warn('advertise-missing', { text });
  }
  if (fsync === 'never') {
    logger.warn('fsync-never', {
      text: '--fsync never: a power loss may lose acknowledged messages; leave it out to keep them',
    });
  }
  if (memory) {
    logger.warn('memory-only', {
      text:
        'nothing is on disk; what a majority of the servers loses at once is lost for good: ' +
        'leave --memory out on a majority of the servers to keep it',
    });
  }
  const access = readAccess(call, listen, logger);
  tuneMemory(nodeClock);
  const handle = await startServer({
    id,
    listen,
    ...access,
    ...readMessageRate(options),
    balancers: readAddresses('--balancer', options.text('balancer') ?? ''),
    ...(advertise === undefined ? {} : { advertise: readAddress('--advertise', advertise) }),
    dataDir: memory ? undefined : (options.text('data-dir') ?? defaultDataDir(id, listen)),
    fsync,
    mode,
    ...httpOptions(call, access.security?.keyring, logger),
    ...retention(retainBytes ?? (memory ? limits.memoryRetainBytes : undefined)),
    ...testBuildOptions(call.environment),
    portFlag: portFlag(call),
    logger,
    onProgress: (progress) => call.output.note(`${call.program}: ${progressText(progress)}`),
    signal,
  });
  if (id === 0) {
    const kept = memory ? 'give it with --id at the next start' : 'it is kept in the data directory';
    call.output.note(`${call.program}: took id ${handle.id}; ${kept}`);
  }
  return serve(call, handle, `READY server ${handle.id} ${handle.address}`, signal);
}

function retention(retainBytes: number | undefined): { retainBytes?: number } {
  return retainBytes === undefined ? {} : { retainBytes };
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
  return `${noBalancerText(address, reason)}; trying again`;
}
