/** What the connections of a process prove and demand: its secrets, its certificates, or neither. */
import type { Proofs } from './connection.js';
import type { Keyring } from './keyring.js';
import { CallerProver, ListenerProver } from './prover.js';
import type { TlsIdentity } from './tls-identity.js';
import type { WrongProofs } from './wrong-proofs.js';

export interface Security {
  /** Callers prove its first key, listeners demand one of its keys. */
  readonly keyring?: Keyring;
  /** Every connection is TLS. */
  readonly tls?: TlsIdentity;
}

export const noSecurity: Security = Object.freeze({});

/** What a connection that was dialled begins with. */
export function callerProofs({ keyring }: Security): Proofs {
  return keyring === undefined ? {} : { prover: new CallerProver(keyring) };
}

/**
 * What an accepted connection begins with. `uncertified`: why its certificate counts for nothing, undefined where it
 * counts or none is asked for.
 */
export function listenerProofs(
  { keyring }: Security,
  uncertified: string | undefined,
  host: string,
  wrongProofs: WrongProofs,
): Proofs {
  const known = uncertified === undefined ? {} : { guestBecause: uncertified };
  if (keyring === undefined) return known;
  return { ...known, prover: new ListenerProver(keyring), isAnswered: () => wrongProofs.add(host) };
}
