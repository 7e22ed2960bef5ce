/** A certificate authority of a run's own, made with openssl as docs/SECURITY.md says. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  /** The certificate that everybody trusts. */
  readonly cert: string;
  readonly #folder: string;
  readonly #key: string;

  /** @throws Error when openssl is missing or refuses. */
  constructor(folder: string) {
    this.#folder = folder;
    this.cert = path.join(folder, 'ca.pem');
    this.#key = path.join(folder, 'ca.key');
    const subject = ['-subj', '/CN=synod operate'];
    openssl('req', '-x509', ...newKey, '-keyout', this.#key, '-out', this.cert, '-days', '2', ...subject);
  }

  /** For whoever is reached at `address`, an IP address. */
  issue(name: string, address: string): Credentials {
    const at = (ending: string): string => path.join(this.#folder, `${name}.${ending}`);
    writeFileSync(at('ext'), `subjectAltName=IP:${address}\n`);
    openssl('req', ...newKey, '-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${name}`);
    const signed = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', '-days', '1', '-extfile', at('ext')];
    openssl('x509', '-req', '-in', at('csr'), '-out', at('pem'), ...signed);
    return { cert: at('pem'), key: at('key') };
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
