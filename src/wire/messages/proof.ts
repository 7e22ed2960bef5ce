/** Between hello and welcome where the listener has a secret: both prove that they know it, neither says it. */
import { limits } from '../../base/index.js';
import { defineMessage } from '../message-spec.js';
import { type AuthMethod, authMethods } from './handshake.js';

/** Bytes of a nonce and of a proof (HMAC-SHA256). */
export const PROOF_BYTES = 32;
/** Bytes that name a key without telling it. */
export const KEY_ID_BYTES = 8;

/** Listener → caller, to a hello whose `authMethod` is `challenge`; only such callers know this message. */
export interface Challenge {
  readonly type: 'challenge';
  /** 32 bytes, new for each connection. */
  readonly nonce: Uint8Array;
  /** 32 bytes: the listener knows the caller's key. */
  readonly proof: Uint8Array;
}

export const challengeSpec = defineMessage<Challenge>({
  type: 'challenge',
  code: 7,
  from: ['server', 'balancer'],
  to: ['client', 'operator', 'server'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    w.fixed(m.nonce, PROOF_BYTES);
    w.fixed(m.proof, PROOF_BYTES);
  },
  read: (r) => ({ type: 'challenge', nonce: r.fixed(PROOF_BYTES), proof: r.fixed(PROOF_BYTES) }),
});

/** Caller → listener, the answer; and what hello would have said of the user, which only a proven listener is told. */
export interface Proof {
  readonly type: 'proof';
  /** 32 bytes: the caller knows its key. */
  readonly proof: Uint8Array;
  /** `none` or `token`, as in a hello without proofs. */
  readonly authMethod: AuthMethod;
  /** At most 512 bytes. */
  readonly auth: Uint8Array;
}

export const proofSpec = defineMessage<Proof>({
  type: 'proof',
  code: 8,
  from: ['client', 'operator', 'server'],
  to: ['server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    w.fixed(m.proof, PROOF_BYTES);
    authMethods.write(w, m.authMethod);
    w.bytes16(m.auth, limits.authBytesMax);
  },
  read: (r) => ({
    type: 'proof',
    proof: r.fixed(PROOF_BYTES),
    authMethod: authMethods.read(r),
    auth: r.bytes16(limits.authBytesMax),
  }),
});
