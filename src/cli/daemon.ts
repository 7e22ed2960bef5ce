/** What the daemons' commands share: the signal that ends them, the READY line, the reason they ended. */
import type { Logger } from '../base/index.js';
import type { DaemonHandle, ExitReason } from '../daemon/index.js';
import type { Keyring } from '../net/index.js';
import type { Call } from './command.js';
import { oldSpellings } from './command-table.js';
import { stderrLogger } from './logger.js';
import { judgeOpenPages } from './security.js';
import { readHttp, readLogFormat, readLogLevel } from './values.js';
import { version } from './version.js';

/** The logger a daemon's options ask for. */
export async function daemonLogger({ options }: Call, component: string): Promise<Logger> {
  const level = readLogLevel('--log-level', options.text('log-level') ?? 'info');
  const format = readLogFormat('--log-format', options.text('log-format') ?? 'auto');
  return stderrLogger(level, format, { component });
}

/** What `--http` says: where the pages are, or none. @throws ExitError (3) where strangers could look. */
export function httpOptions(
  call: Call,
  keyring: Keyring | undefined,
  logger: Logger,
): { http: string | undefined; version: string } {
  const http = readHttp('--http', call.options.text('http') ?? '');
  if (http !== undefined) judgeOpenPages(http, keyring, call, logger);
  return { http, version };
}

/**
 * The signal that ends a daemon: SIGINT or SIGTERM, and the end of the process that started it as its helper (`demo`
 * keeps a channel open to each; no daemon must outlive a demo that was killed).
 */
export function daemonSignal(call: Call): AbortSignal {
  if (process.channel === undefined) return call.signal;
  const orphaned = new AbortController();
  process.once('disconnect', () => orphaned.abort());
  process.channel?.unref();
  return AbortSignal.any([call.signal, orphaned.signal]);
}

/** How the port was set on this command line: `--listen`, or what an old spelling has for it. */
export function portFlag({ program }: Call): string {
  const spelling = oldSpellings.find((old) => old.program === program);
  const option = spelling?.options.find(({ standsFor }) => standsFor === 'listen');
  return option === undefined ? '--listen' : `-${option.name}`;
}

/** As much of a daemon as its command needs. */
type Served = Pick<DaemonHandle, 'stop' | 'closed'>;

/** Prints READY and serves until the daemon ends or `signal` ends it. Resolves to the exit code. */
export async function serve(call: Call, handle: Served, ready: string, signal: AbortSignal): Promise<number> {
  call.output.line(ready);
  const stop = (): void => {
    // `closed` resolves with the same reason and is awaited below.
    void handle.stop();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const reason: ExitReason = await handle.closed;
  if (reason.exitCode !== 0 && reason.text !== '') call.output.note(`${call.program}: ${reason.text}`);
  return reason.exitCode;
}
