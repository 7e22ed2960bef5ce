/**
 * Who may connect: the options for secrets, invitations and certificates, what they are read into, and the refusal to
 * listen to strangers.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ExitError, exitCodes, isLoopback, type Logger, limits } from '../base/index.js';
import type { AccessOptions } from '../daemon/index.js';
import { Keyring, parseAddress, type Security, type TlsFiles, TlsIdentity } from '../net/index.js';
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
  if (keyring !== undefined && keyring.proving.kind === 'invite') {
    throw new UsageError('--invite-file lets chats in beside the cluster secret: give --secret-file too');
  }
  if (tls === undefined) return security;
  if (call.options.text('tls-cert') === undefined) {
    throw new UsageError('--tls-ca alone is for chats; a listener needs --tls-cert and --tls-key too');
  }
  const tellTrouble = (): void => {
    const text = tls.trouble(Date.now());
    if (text !== '') logger.warn('certificate-refusable', { text });
  };
  tellTrouble();
  process.on('SIGHUP', () => {
    try {
      tls.reload();
      logger.info('certificates-read-again', {});
      tellTrouble();
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      logger.error('certificates-not-read', {
        text: `going on with those from before: ${error.message}`,
      });
    }
  });
  return security;
}

/**
 * Refuses a listener that other machines can reach and anybody may use, unless the user insists with --insecure.
 *
 * @throws ExitError (3)
 */
export function refuseOpenListener(option: string, address: string, keyring: Keyring | undefined, call: Call): void {
  const parsed = parseAddress(address);
  if (keyring !== undefined || 'error' in parsed || isLoopback(parsed.host) || call.options.has('insecure')) return;
  const text =
    `${option} ${address} can be reached from other machines, and without a secret anybody could use it: give ` +
    '--secret-file FILE (openssl rand -hex 32 makes a secret), listen on 127.0.0.1, or insist with --insecure';
  throw new ExitError(exitCodes.refused, 'INSECURE_LISTENER', text);
}

/** How a daemon that listens at `address` is secured, as the options say; it refuses, and warns, as it should. */
export function readAccess(call: Call, address: string, logger: Logger): AccessOptions {
  const connections = call.options.text('connections-per-address');
  const connectionsPerAddress =
    connections === undefined ? undefined : readConnections('--connections-per-address', connections);
  const security = daemonSecurity(call, logger);
  refuseOpenListener('--listen', address, security.keyring, call);
  const parsed = parseAddress(address);
  if (security.tls === undefined && !('error' in parsed) && !isLoopback(parsed.host)) {
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
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca === undefined) throw new UsageError('--tls-cert and --tls-key need --tls-ca, which says whom to trust');
  if (cert === undefined && key === undefined) return { ca };
  if (cert !== undefined && key !== undefined) return { ca, cert, key };
  throw new UsageError('--tls-cert and --tls-key come together: give both, or none');
}

/** One secret a line, of the file or of the variable; empty where there is none. */
function readSecrets(given: Secret | undefined, warnings: string[]): Uint8Array[] {
  if (given === undefined) return [];
  const where = given.kind === 'text' ? `$${given.label}` : `${given.label} ${given.file}`;
  const text = given.kind === 'text' ? given.text : readSecretFile(where, given.file, warnings);
  const secrets = text
    .split('\n')
    .map((line) => Buffer.from(line.replace(/\r$/, '')))
    .filter((secret) => secret.length > 0);
  const short = secrets.find((secret) => secret.length < limits.secretBytesMin);
  if (secrets.length > 0 && short === undefined) return secrets;
  const what = short === undefined ? 'holds no secret' : `holds a secret of ${short.length} bytes`;
  const remedy = `a secret is a line of ${limits.secretBytesMin} bytes or more; make one: openssl rand -hex 32`;
  throw new ExitError(exitCodes.refused, 'BAD_SECRET', `${where} ${what}: ${remedy}`);
}

function readSecretFile(where: string, file: string, warnings: string[]): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const { mode } = fstatSync(descriptor);
    if ((mode & 0o007) !== 0) warnings.push(`${where} can be read by every user of this machine: chmod o= ${file}`);
    const bytes = Buffer.alloc(limits.secretFileBytesMax + 1);
    const read = readSync(descriptor, bytes);
    if (read > limits.secretFileBytesMax) throw new Error('it is too long to be a file of secrets');
    return bytes.toString('utf8', 0, read);
  } catch (error) {
    const remedy = 'give a file that holds a secret and that this user can read';
    throw new ExitError(exitCodes.refused, 'BAD_SECRET', `${where}: ${(error as Error).message}; ${remedy}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
