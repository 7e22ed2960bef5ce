/** `synod proxy`: checks its options and runs the fault proxy until it is told to end. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ExitError, exitCodes, nodeClock, tuneMemory } from '../base/index.js';
import { FineClock, readMode, startProxy } from '../proxy/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, serve } from './daemon.js';
import { UsageError } from './go-flags.js';
import { asUsage, readAddress, readApi, readInteger } from './values.js';

export async function proxy(call: Call): Promise<number> {
  const { options } = call;
  const master = options.text('master');
  const links = options.texts('link').map(readLink);
  const modes = options.texts('mode').map(readServerMode);
  const seedText = options.text('seed');
  const seed = seedText === undefined ? randomSeed() : readInteger('--seed', seedText, 0, Number.MAX_SAFE_INTEGER);
  const config = options.text('config');
  const trace = options.text('trace');
  const api = readApi(options.text('api') ?? '');
  if (api === undefined && master === undefined && links.length === 0) {
    throw new UsageError('nothing to do: give --master, --link or --api');
  }
  if (api === undefined && config !== undefined) throw new UsageError('--config needs --api: its proxies live there');
  const signal = daemonSignal(call);
  const logger = await daemonLogger(call, 'proxy');
  tuneMemory(nodeClock);
  const handle = await startProxy({
    ...(master === undefined ? {} : { master: readAddress('--master', master) }),
    listen: readAddress('--listen', options.text('listen') ?? ''),
    links,
    modes,
    seed,
    api,
    proxies: config === undefined ? [] : readConfig(config),
    ...(trace === undefined ? {} : { traceFile: trace }),
    logger,
    clock: new FineClock(nodeClock, logger),
  });
  const also = handle.api === handle.address || handle.api === '' ? '' : ` api ${handle.api}`;
  return serve(call, handle, `READY proxy ${handle.address}${also}`, signal);
}

/** `9110=localhost:9010` or `127.0.0.1:9110=localhost:9010`. */
function readLink(value: string): { listen: string; upstream: string } {
  const [from = '', to, ...rest] = value.split('=');
  if (to === undefined || rest.length > 0) throw new UsageError(`--link takes PORT=HOST:PORT, not '${value}'`);
  const listen = /^\d+$/.test(from) ? `127.0.0.1:${from}` : from;
  return { listen: readAddress('--link', listen), upstream: readAddress('--link', to) };
}

/** `1=p:10::a:20`. */
function readServerMode(value: string): { server: number; mode: string } {
  const found = /^(\d{1,5})=(.+)$/.exec(value);
  if (found === null) throw new UsageError(`--mode takes ID=SPEC, as 1=p:10::a:20, not '${value}'`);
  const server = readInteger('--mode', found[1] ?? '', 1, 65_535);
  const mode = found[2] ?? '';
  asUsage('--mode', () => readMode(mode));
  return { server, mode };
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
