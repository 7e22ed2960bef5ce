/** `synod proxy`: checks its options and runs the fault proxy until it is told to end. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ExitError, exitCodes, nodeClock, tuneMemory } from '../base/index.js';
import { configuredListeners, FineClock, startProxy } from '../proxy/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, serve } from './daemon.js';
import { readLink, readServerMode } from './fault-values.js';
import { UsageError } from './go-flags.js';
import { readAgainOnHangup, readSecurity, refuseOpenListener } from './security.js';
import { readAddress, readApi, readCount } from './values.js';

export async function proxy(call: Call): Promise<number> {
  const { options } = call;
  const master = options.text('master');
  const links = options.texts('link').map((value) => readLink('--link', value));
  const modes = options.texts('mode').map((value) => readServerMode('--mode', value));
  const seedText = options.text('seed');
  const seed = seedText === undefined ? randomSeed() : readCount('--seed', seedText);
  const config = options.text('config');
  const trace = options.text('trace');
  const api = readApi('--api', options.text('api') ?? '');
  if (api === undefined && master === undefined && links.length === 0) {
    throw new UsageError('nothing to do: give --master, --link or --api');
  }
  const signal = daemonSignal(call);
  const logger = await daemonLogger(call, 'proxy');
  readAgainOnHangup(logger);
  const listen = readAddress('--listen', options.text('listen') ?? '');
  const { security, warnings } = readSecurity(call);
  for (const text of warnings) logger.warn('secret-not-well-kept', { text });
  if (master !== undefined) refuseOpenListener('--listen', listen, security.keyring, call);
  for (const link of links) refuseOpenListener('--link', link.listen, security.keyring, call);
  if (api !== undefined) refuseOpenListener('--api', api, security.keyring, call);
  const proxies = config === undefined ? [] : readConfig(config);
  for (const at of configuredListeners(proxies)) refuseOpenListener('--config', at, security.keyring, call);
  tuneMemory(nodeClock);
  const handle = await startProxy({
    ...(master === undefined ? {} : { master: readAddress('--master', master) }),
    listen,
    apiTokens: security.keyring?.apiTokens ?? [],
    links,
    modes,
    seed,
    api,
    proxies,
    ...(trace === undefined ? {} : { traceFile: trace }),
    logger,
    clock: new FineClock(nodeClock, logger),
  });
  const also = handle.api === handle.address || handle.api === '' ? '' : ` api ${handle.api}`;
  return serve(call, handle, `READY proxy ${handle.address}${also}`, signal);
}

function readConfig(file: string): unknown[] {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (Array.isArray(content)) return content as unknown[];
    throw new Error('it is no JSON array of proxies');
  } catch (error) {
    const text = `--config ${file}: ${(error as Error).message}. Write a list of {"name", "listen", "upstream"}`;
    throw new ExitError(exitCodes.refused, 'BAD_CONFIG', text);
  }
}

/** Short enough to be typed again. */
function randomSeed(): number {
  return randomBytes(4).readUInt32BE(0);
}
