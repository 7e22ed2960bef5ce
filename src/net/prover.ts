/**
 * The proofs between hello and welcome, for both ends of a connection (docs/PROTOCOL.md, Proofs). What it decides is
 * done by the connection; it does no I/O of its own.
 */
import { decode, encode, type Hello, KEY_ID_BYTES, type Message, PROOF_BYTES } from '../wire/index.js';
import { equalSecretly, type Key, type Keyring, newNonce } from './keyring.js';

/** What the connection does next. After `deliver` and `end` the prover is done. */
export type ProofStep =
  /** `guestBecause`: the other side may do no more than a chat may, and why. */
  | { readonly next: 'deliver'; readonly message: Message; readonly guestBecause: string | undefined }
  | { readonly next: 'send'; readonly message: Message }
  /** `isGuess`: it claimed to know a secret; whoever does that often is not told any more that it is wrong. */
  | { readonly next: 'end'; readonly text: string; readonly isGuess?: true };

/** One end of one connection, before its owner hears of any message. */
export interface Prover {
  /** The caller's hello as it goes out. */
  outgoing(hello: Hello): Hello;
  incoming(message: Message): ProofStep;
  /** The connection is over, or proved. */
  end(): void;
}

const listenerLabel = Buffer.from('synod listener 1\0', 'latin1');
const callerLabel = Buffer.from('synod caller 1\0', 'latin1');
const nothing = new Uint8Array(0);

export const secretWanted =
  'this cluster has a secret: give it with --secret-file or SYNOD_SECRET, an invitation with --invite-file';
export const secretNotKnown = 'the secret is not that of this cluster: give the same --secret-file everywhere';
export const nobodyAsks =
  'the other side asks for no proof: it has no cluster secret. Start it with --secret-file, or leave it out here';

/**
 * What both proofs are about. The address is left out: a fault proxy puts its own in the place of a server's. Each part
 * has a fixed length or says its own, so that no two handshakes give the same bytes.
 */
function listenerParts(hello: Hello, nonce: Uint8Array): Uint8Array[] {
  return [listenerLabel, encode({ ...hello, address: '' }), nonce];
}

function callerParts(hello: Hello, nonce: Uint8Array, answer: Pick<Hello, 'authMethod' | 'auth'>): Uint8Array[] {
  // The user's token is bound in the form of a whole frame.
  const said = encode({ type: 'proof', proof: new Uint8Array(PROOF_BYTES), ...answer });
  return [callerLabel, encode({ ...hello, address: '' }), nonce, said];
}

/** The end that dials: says what it knows of the user only to a listener that has proved itself. */
export class CallerProver implements Prover {
  readonly #keyring: Keyring;
  readonly #key: Key;
  readonly #nonce: Uint8Array;
  #hello: Hello | undefined;
  #user: Pick<Hello, 'authMethod' | 'auth'> = { authMethod: 'none', auth: nothing };
  #hasProved = false;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#key = keyring.proving;
    this.#nonce = keyring.beginNonce();
  }

  outgoing(hello: Hello): Hello {
    this.#user = { authMethod: hello.authMethod, auth: Uint8Array.from(hello.auth) };
    const auth = new Uint8Array(KEY_ID_BYTES + PROOF_BYTES);
    auth.set(this.#key.id);
    auth.set(this.#nonce, KEY_ID_BYTES);
    this.#hello = { ...hello, authMethod: 'challenge', auth };
    return this.#hello;
  }

  incoming(message: Message): ProofStep {
    if (this.#hasProved) return { next: 'deliver', message, guestBecause: undefined };
    const hello = this.#hello;
    if (message.type !== 'challenge' || hello === undefined) return { next: 'end', text: nobodyAsks };
    const { nonce, proof } = message;
    if (!equalSecretly(this.#key.mac(listenerParts(hello, nonce)), proof)) {
      return { next: 'end', text: `the other side does not know the secret that it claims: ${secretNotKnown}` };
    }
    this.#hasProved = true;
    const mac = this.#key.mac(callerParts(hello, nonce, this.#user));
    return { next: 'send', message: { type: 'proof', proof: mac, ...this.#user } };
  }

  end(): void {
    this.#keyring.endNonce(this.#nonce);
  }
}

/** The end that was called: its owner sees a hello only when its sender knows a key. */
export class ListenerProver implements Prover {
  readonly #keyring: Keyring;
  #pending: { readonly hello: Hello; readonly key: Key; readonly nonce: Uint8Array } | undefined;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  outgoing(hello: Hello): Hello {
    return hello;
  }

  incoming(message: Message): ProofStep {
    if (this.#pending !== undefined) return this.#judge(message, this.#pending);
    // What else begins a connection is told to its owner, who refuses it.
    if (message.type !== 'hello') return { next: 'deliver', message, guestBecause: undefined };
    if (message.authMethod !== 'challenge') return { next: 'end', text: secretWanted };
    const key = message.auth.length === KEY_ID_BYTES + PROOF_BYTES ? this.#find(message.auth) : undefined;
    if (key === undefined) return { next: 'end', text: secretNotKnown, isGuess: true };
    if (this.#keyring.isOwnNonce(message.auth.subarray(KEY_ID_BYTES))) {
      return { next: 'end', text: 'this hello is our own, sent back: nothing to do, but look who does that' };
    }
    // A message's bytes are a view of what was received: this one is kept.
    const hello = decode(encode(message).subarray(8)) as Hello;
    const nonce = newNonce();
    this.#pending = { hello, key, nonce };
    return { next: 'send', message: { type: 'challenge', nonce, proof: key.mac(listenerParts(hello, nonce)) } };
  }

  end(): void {
    this.#pending = undefined;
  }

  #find(auth: Uint8Array): Key | undefined {
    return this.#keyring.find(auth.subarray(0, KEY_ID_BYTES));
  }

  #judge(message: Message, pending: { hello: Hello; key: Key; nonce: Uint8Array }): ProofStep {
    const { hello, key, nonce } = pending;
    if (message.type !== 'proof' || message.authMethod === 'challenge') {
      return { next: 'end', text: `a ${message.type} does not answer a challenge: install one release on all sides` };
    }
    const { proof, authMethod, auth } = message;
    if (!equalSecretly(key.mac(callerParts(hello, nonce, { authMethod, auth })), proof)) {
      return { next: 'end', text: secretNotKnown, isGuess: true };
    }
    const guestBecause =
      key.kind === 'invite'
        ? 'it comes by invitation, which is for chats: give the secret with --secret-file'
        : undefined;
    return { next: 'deliver', message: { ...hello, authMethod, auth }, guestBecause };
  }
}
