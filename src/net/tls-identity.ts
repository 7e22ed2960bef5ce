/** Certificates: read from files, read again when told, and what both ends of a connection make of them. */
import { constants, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { ExitError, exitCodes, limits } from '../base/index.js';

/** Paths of PEM files. `cert` and `key` come together; a listener needs them. */
export interface TlsFiles {
  /** Who signs the certificates of this cluster. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Material {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  /** Our own certificate. */
  readonly own: X509Certificate | undefined;
}

export class TlsIdentity {
  readonly #files: TlsFiles;
  readonly #servers = new Set<Server>();
  #material: Material;

  /** @throws ExitError (3) that names the file and what is wrong with it. */
  constructor(files: TlsFiles) {
    this.#files = files;
    this.#material = load(files);
  }

  /**
   * Reads the files again: handshakes from now on use what they hold. Open connections stay as they are.
   *
   * @throws ExitError (3); then everything stays as it was.
   */
  reload(): void {
    this.#material = load(this.#files);
    for (const server of this.#servers) server.setSecureContext(this.#material.options);
  }

  /** Until when our own certificate is valid, in OpenSSL's words; undefined without one. */
  get validTo(): string | undefined {
    return this.#material.own?.validTo;
  }

  /** What is wrong with our own certificate at this time, "" if nothing: others will refuse it. */
  trouble(nowMs: number): string {
    const { own } = this.#material;
    if (own === undefined) return '';
    if (nowMs < Date.parse(own.validFrom)) {
      return `its certificate is valid from ${own.validFrom} on: check this machine's clock, or wait`;
    }
    if (nowMs > Date.parse(own.validTo)) {
      return `its certificate expired at ${own.validTo}: make a new one (docs/SECURITY.md) and send SIGHUP`;
    }
    return '';
  }

  /** Opens a TLS connection that ends in an error unless the other side's certificate is the CA's and names `host`. */
  connect(host: string, port: number): TLSSocket {
    const { context } = this.#material;
    return connect({ host, port, secureContext: context, ...(isIP(host) === 0 ? { servername: host } : {}) });
  }

  /** The TLS half of a listener: emit `connection` with a socket, and `secureConnection` follows. */
  newServer(): Server {
    const server = createServer({
      ...this.#material.options,
      // Chats need no certificate: what a caller may do is judged when its hello tells who it is.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.helloMs,
    });
    this.#servers.add(server);
    return server;
  }
}

/** Why the certificate of an accepted caller counts for nothing; undefined where it counts. */
export function uncertified(socket: TLSSocket): string | undefined {
  const shown = Object.keys(socket.getPeerCertificate()).length > 0;
  // Node calls some callers without any certificate authorized: those that resume a session.
  if (shown && socket.authorized) return undefined;
  const why = shown ? `its certificate is not good (${String(socket.authorizationError)})` : 'it shows no certificate';
  return `${why}: give one that the cluster's CA has signed, with --tls-cert and --tls-key`;
}

const wrongCa = "its certificate is not signed by the CA in --tls-ca: give that cluster's CA, or check the address";
/** What OpenSSL and Node call it, and what to do. */
const faults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired: renew it there, or check this machine's clock",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: check this machine's clock and that one's",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate does not name this address: make one whose subjectAltName does',
  SELF_SIGNED_CERT_IN_CHAIN: wrongCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: wrongCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: wrongCa,
  UNABLE_TO_GET_ISSUER_CERT: wrongCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: wrongCa,
  CERT_SIGNATURE_FAILURE: wrongCa,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: start it with --tls-cert, or leave --tls-ca out here',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS: start it with --tls-cert, or leave --tls-ca out here',
};

/** Why a TLS connection did not come about, undefined for what is no matter of TLS. */
export function tlsFault(socket: Socket, error: NodeJS.ErrnoException): string | undefined {
  const code = error.code ?? '';
  const known = faults[code];
  if (known !== undefined) return known;
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('CERT_')) {
    return `no TLS connection (${code}): compare the certificates on both sides with docs/SECURITY.md`;
  }
  // The TCP connection stood, and ended before the handshake did.
  if (code === 'ECONNRESET' && 'encrypted' in socket) {
    return 'it ended the TLS handshake: its log tells why, or it does not speak TLS and --tls-ca is to be left out';
  }
  return undefined;
}

function load({ ca, cert, key }: TlsFiles): Material {
  const caPem = readPem('--tls-ca', ca);
  const certPem = cert === undefined ? undefined : readPem('--tls-cert', cert);
  const keyPem = key === undefined ? undefined : readPem('--tls-key', key);
  const caCertificate = parse('--tls-ca', ca, () => new X509Certificate(caPem));
  const own = certPem === undefined ? undefined : parse('--tls-cert', cert ?? '', () => new X509Certificate(certPem));
  if (!caCertificate.ca) {
    throw refused(`--tls-ca ${ca}: this certificate is no CA's; give the one that signed the others`);
  }
  const options: SecureContextOptions = {
    ca: caPem,
    minVersion: 'TLSv1.2',
    // Every handshake is a whole one: a resumed session would show no certificate, or one judged long ago.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(certPem === undefined ? {} : { cert: certPem }),
    ...(keyPem === undefined ? {} : { key: keyPem }),
  };
  // Most often the key is another certificate's.
  const context = parse('--tls-key', key ?? ca, () => createSecureContext(options));
  return { options, context, own };
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw refused(`${option} ${file}: ${(error as Error).message}. Give a PEM file that this user can read`);
  }
}

function parse<T>(option: string, file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const remedy = 'give a PEM file, and the key that belongs to the certificate (docs/SECURITY.md)';
    throw refused(`${option} ${file}: ${(error as Error).message}; ${remedy}`);
  }
}

function refused(text: string): ExitError {
  return new ExitError(exitCodes.refused, 'BAD_CERTIFICATE', text);
}
