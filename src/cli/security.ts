/**
 * Who may connect: the options for secrets, invitations and certificates, what they are read into, and the refusal to
 * listen to strangers.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import {
  assert,
  ExitError,
  exitCodes,
  isLoopback,
  isUtf8,
  type Logger,
  limits,
  parseAddress,
  readAtMost,
} from '../base/index.js';
import type { AccessOptions } from '../daemon/index.js';
import { Keyring, type Security, type TlsFiles, TlsIdentity } from '../net/index.js';
import type { Call, OptionValues, Secret } from './command.js';
import { UsageError } from './go-flags.js';
import { readInteger } from './values.js';

/** What the options say, and what the user should know about how they say it. */
export interface ReadSecurity {
  readonly security: Security;
  readonly warnings: readonly string[];
}

/** What a command that dials proves and demands. @throws UsageError, ExitError (3) */
export function readSecurity({ options }: Pick<Call, 'options'>): ReadSecurity {
  const warnings: string[] = [];
  const cluster = readSecrets(options.secret('secret-file'), warnings);
  const invite = readSecrets(options.secret('invite-file'), warnings);
  const files = readTlsFiles(options);
  const security: Security = {
    ...(cluster.length + invite.length === 0 ? {} : { keyring: new Keyring({ cluster, invite }) }),
    ...(files === undefined ? {} : { tls: new TlsIdentity(files) }),
  };
  return { security, warnings };
}

/** As {@link readSecurity} for what listens: it must know what it demands. */
function daemonSecurity(call: Call, logger: Logger): Security {
  const { security, warnings } = readSecurity(call);
  for (const text of warnings) logger.warn('secret-not-well-kept', { text });
  const { keyring, tls } = security;
  assert(keyring?.proving.kind !== 'invite', 'the rules of a listener want a secret beside an invitation');
  assert(tls === undefined || call.options.has('tls-cert'), 'the rules of a listener want a certificate beside a CA');
  if (tls !== undefined) tellTrouble(tls, logger);
  readAgainOnHangup(logger, tls);
  return security;
}

/**
 * SIGHUP ends no daemon: it has the certificates read again, and where there are none the log says so.
 */
export function readAgainOnHangup(logger: Logger, tls?: TlsIdentity): void {
  process.on('SIGHUP', () => {
    if (tls === undefined) {
      logger.info('nothing-to-read-again', {
        text: 'SIGHUP has a process read its certificates again; this one has none',
      });
      return;
    }
    try {
      tls.reload();
      logger.info('certificates-read-again', { validTo: tls.validTo });
      tellTrouble(tls, logger);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      logger.error('certificates-not-read', {
        text: `going on with those from before: ${error.message}`,
      });
    }
  });
}

function tellTrouble(tls: TlsIdentity, logger: Logger): void {
  const text = tls.trouble(Date.now());
  if (text !== '') logger.warn('certificate-refusable', { text });
}

/**
 * Refuses a listener that other machines can reach and anybody may use, unless the user insists with --insecure.
 *
 * @throws ExitError (3)
 */
export function refuseOpenListener(option: string, address: string, keyring: Keyring | undefined, call: Call): void {
  if (keyring !== undefined || !isOpen(option, address) || call.options.has('insecure')) return;
  const text =
    `${option} ${address} can be reached from other machines, and without a secret anybody could use it: give ` +
    '--secret-file FILE (openssl rand -hex 32 makes a secret), listen on 127.0.0.1, or insist with --insecure';
  throw new ExitError(exitCodes.refused, 'INSECURE_LISTENER', text);
}

/**
 * As {@link refuseOpenListener} for HTTP pages, which no secret protects: who has one is taken to know what it opens,
 * and is told.
 *
 * @throws ExitError (3)
 */
export function judgeOpenPages(address: string, keyring: Keyring | undefined, call: Call, logger: Logger): void {
  if (!isOpen('--http', address)) return;
  if (keyring === undefined && !call.options.has('insecure')) {
    const text =
      `--http ${address} can be reached from other machines, and anybody there could read its pages: ` +
      'listen on 127.0.0.1, or insist with --insecure';
    throw new ExitError(exitCodes.refused, 'INSECURE_LISTENER', text);
  }
  const text = 'whoever reaches it reads these pages, without any secret: let only those near it who scrape and probe';
  logger.warn('http-open', { address, text });
}

/** Whether other machines can reach it. @throws UsageError for what is no address: nothing is known of that */
function isOpen(option: string, address: string): boolean {
  const parsed = parseAddress(address);
  if ('error' in parsed) throw new UsageError(`${option}: ${parsed.error}`);
  return !isLoopback(parsed.host);
}

/** How a daemon that listens at `address` is secured, as the options say; it refuses, and warns, as it should. */
export function readAccess(call: Call, address: string, logger: Logger): AccessOptions {
  const connections = call.options.text('connections-per-address');
  const connectionsPerAddress =
    connections === undefined ? undefined : readConnections('--connections-per-address', connections);
  const security = daemonSecurity(call, logger);
  refuseOpenListener('--listen', address, security.keyring, call);
  if (security.tls === undefined && isOpen('--listen', address)) {
    const text = 'whoever is on the way can read and change what passes: add --tls-ca, --tls-cert and --tls-key';
    logger.warn('listening-without-tls', { address, text });
  }
  return { security, ...(connectionsPerAddress === undefined ? {} : { connectionsPerAddress }) };
}

/** What `--rate-limit` says. */
export function readMessageRate(options: OptionValues): { messagesPerSecond?: number } {
  const value = options.text('rate-limit');
  return value === undefined ? {} : { messagesPerSecond: readRate('--rate-limit', value) };
}

/** Messages a second: `100` or `100/s`. */
export function readRate(option: string, value: string): number {
  const found = /^(\d{1,9})(?:\/s)?$/.exec(value);
  if (found === null) throw new UsageError(`${option} takes messages a second, such as 100/s, not '${value}'`);
  return readInteger(option, found[1] as string, 1, 1_000_000);
}

/** How many connections one address may hold. */
export function readConnections(option: string, value: string): number {
  return readInteger(option, value, 1, limits.connectionsMax);
}

function readTlsFiles(options: OptionValues): TlsFiles | undefined {
  const [ca, cert, key] = ['tls-ca', 'tls-cert', 'tls-key'].map((name) => options.text(name));
  assert((cert === undefined) === (key === undefined), 'the rules want a certificate and its key together');
  assert(ca !== undefined || cert === undefined, 'the rules want a CA beside a certificate');
  if (ca === undefined) return undefined;
  return cert === undefined || key === undefined ? { ca } : { ca, cert, key };
}

/** One secret a line, of the file or of the variable; empty where there is none. */
function readSecrets(given: Secret | undefined, warnings: string[]): Uint8Array[] {
  if (given === undefined) return [];
  const where = given.kind === 'text' ? `$${given.label}` : `${given.label} ${given.file}`;
  const bytes = given.kind === 'text' ? Buffer.from(given.text) : readSecretFile(given, warnings);
  if (!isUtf8(bytes)) {
    const remedy = 'a secret is a line of text; make one: openssl rand -hex 32';
    throw new ExitError(exitCodes.refused, 'BAD_SECRET', `${where} holds no text in UTF-8: ${remedy}`);
  }
  const secrets = bytes
    .toString('utf8')
    .split('\n')
    .map((line) => Buffer.from(line.replace(/\r$/, '')))
    .filter((secret) => secret.length > 0);
  const short = secrets.find((secret) => secret.length < limits.secretBytesMin);
  if (secrets.length > 0 && short === undefined) return secrets;
  const what = short === undefined ? 'holds no secret' : `holds a secret of ${short.length} bytes`;
  const remedy = `a secret is a line of ${limits.secretBytesMin} bytes or more; make one: openssl rand -hex 32`;
  throw new ExitError(exitCodes.refused, 'BAD_SECRET', `${where} ${what}: ${remedy}`);
}

function readSecretFile({ label, file }: Extract<Secret, { kind: 'file' }>, warnings: string[]): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const { mode } = fstatSync(descriptor);
    if ((mode & 0o007) !== 0)
      warnings.push(`${label} ${file} can be read by every user of this machine: chmod o= ${file}`);
    const bytes = readAtMost(descriptor, limits.secretFileBytesMax + 1);
    if (bytes.length > limits.secretFileBytesMax) throw new Error('it is too long to be a file of secrets');
    return bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENAMETOOLONG') throw noSecretFile(label);
    const remedy = 'give a file that holds a secret and that this user can read';
    throw new ExitError(exitCodes.refused, 'BAD_SECRET', `${label} ${file}: ${message}; ${remedy}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Without repeating what was given: some give the secret itself. */
function noSecretFile(label: string): ExitError {
  const text = `${label} names no file: give the path of one that holds the secret, never the secret itself`;
  return new ExitError(exitCodes.refused, 'BAD_SECRET', text);
}
