/** Certificates for tests, as PEM files in a folder: a CA, what it signs, and what is wrong with some of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';
import type { TlsFiles } from '../../src/net/index.js';

const dayMs = 24 * 3600 * 1000;

export interface Wanted {
  /** Addresses it names; 127.0.0.1 by default. */
  readonly ips?: readonly string[];
  /** Days from now; -1 to 30 by default. */
  readonly fromDays?: number;
  readonly toDays?: number;
}

export class Authority {
  readonly #folder: string;
  readonly #pair: { readonly key: string; readonly cert: string };
  readonly #nowMs: number;

  private constructor(folder: string, pair: { key: string; cert: string }, nowMs: number) {
    this.#folder = folder;
    this.#pair = pair;
    this.#nowMs = nowMs;
  }

  /** Its certificate is `ca.pem` in `folder`. */
  static async make(folder: string, nowMs: number): Promise<Authority> {
    mkdirSync(folder, { recursive: true });
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'a CA for tests' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(nowMs - 10 * dayMs),
      notAfterDate: new Date(nowMs + 100 * dayMs),
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    writeFileSync(path.join(folder, 'ca.pem'), cert);
    return new Authority(folder, { key, cert }, nowMs);
  }

  get ca(): string {
    return path.join(this.#folder, 'ca.pem');
  }

  /** Signs `NAME.pem` and `NAME.key`, or writes them anew. */
  async sign(name: string, { ips = ['127.0.0.1'], fromDays = -1, toDays = 30 }: Wanted = {}): Promise<TlsFiles> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: this.#pair,
      notBeforeDate: new Date(this.#nowMs + fromDays * dayMs),
      notAfterDate: new Date(this.#nowMs + toDays * dayMs),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: ips.map((ip) => ({ type: 7, ip })) },
      ],
    });
    const files = {
      ca: this.ca,
      cert: path.join(this.#folder, `${name}.pem`),
      key: path.join(this.#folder, `${name}.key`),
    };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    return files;
  }
}
