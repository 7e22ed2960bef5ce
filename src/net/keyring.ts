/** The secrets of a process as keys: what proves, what is accepted as proof, and nothing that prints a secret. */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { assert, toHex } from '../base/index.js';
import { KEY_ID_BYTES, PROOF_BYTES } from '../wire/index.js';

/** `cluster`: for every role. `invite`: for chats, handed out to users. */
export type KeyKind = 'cluster' | 'invite';

/** One secret as the handshake uses it. */
export interface Key {
  readonly kind: KeyKind;
  /** 8 bytes that name the key and do not tell it. */
  readonly id: Uint8Array;
  /** 32 bytes over `parts`, one after the other. */
  mac(parts: readonly Uint8Array[]): Uint8Array;
}

export interface Secrets {
  /** The first proves, all are accepted; empty where only an invitation is known. */
  readonly cluster: readonly Uint8Array[];
  /** As `cluster`, for what lets chats in and nothing else. */
  readonly invite: readonly Uint8Array[];
}

const salt = 'synod';

/** One for each daemon and each program: a keyring takes a hello of its own that comes back for a reflection. */
export class Keyring {
  readonly #keys: readonly Key[];
  readonly #tokens: readonly string[];
  /** Nonces of callers of this process whose handshakes are under way: a listener meets one only by reflection. */
  readonly #nonces = new Set<string>();

  constructor({ cluster, invite }: Secrets) {
    assert(cluster.length + invite.length > 0, 'a keyring holds a key');
    this.#keys = [...cluster.map((secret) => newKey('cluster', secret)), ...invite.map((it) => newKey('invite', it))];
    this.#tokens = cluster.map((secret) => toHex(derive(secret, 'proxy api 1', PROOF_BYTES)));
  }

  /** What callers of this process prove: the cluster's secret if they know it. */
  get proving(): Key {
    return this.#keys[0] as Key;
  }

  find(id: Uint8Array): Key | undefined {
    return this.#keys.find((key) => equalSecretly(key.id, id));
  }

  /** What a call of a proxy's API on another host shows: one for each cluster secret, the first is shown. */
  get apiTokens(): readonly string[] {
    return this.#tokens;
  }

  /** A nonce for a hello of ours, 32 bytes. */
  beginNonce(): Uint8Array {
    const nonce = newNonce();
    this.#nonces.add(toHex(nonce));
    return nonce;
  }

  endNonce(nonce: Uint8Array): void {
    this.#nonces.delete(toHex(nonce));
  }

  isOwnNonce(nonce: Uint8Array): boolean {
    return this.#nonces.has(toHex(nonce));
  }
}

export function newNonce(): Uint8Array {
  return new Uint8Array(randomBytes(PROOF_BYTES));
}

/** In a time that tells nothing about where they differ. */
export function equalSecretly(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function newKey(kind: KeyKind, secret: Uint8Array): Key {
  const key = derive(secret, 'hello key 1', PROOF_BYTES);
  return {
    kind,
    id: derive(secret, 'key id 1', KEY_ID_BYTES),
    mac: (parts) => {
      const hmac = createHmac('sha256', key);
      for (const part of parts) hmac.update(part);
      return new Uint8Array(hmac.digest());
    },
  };
}

function derive(secret: Uint8Array, purpose: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, purpose, bytes));
}
