/** Why a connection ended: one closed set of codes, and a text that says what happened and what to do. */
import type { RefusalCode } from '../wire/index.js';

/**
 * What ends a connection besides the refusals that travel in frames.
 * ENDED: the other side closed it. RESET: the operating system reported an error. SILENT: no byte for too long.
 * HALF_FRAME: a frame stayed incomplete. NO_HELLO: no first frame in time. OVER_BUDGET: this process holds too many
 * unfinished bytes. LOCAL: this side is done with it.
 */
export type LocalCloseCode = 'ENDED' | 'RESET' | 'SILENT' | 'HALF_FRAME' | 'NO_HELLO' | 'OVER_BUDGET' | 'LOCAL';

export type CloseCode = RefusalCode | LocalCloseCode;

export interface CloseReason {
  readonly code: CloseCode;
  readonly text: string;
  /** True when the other side said so (refuse, goodbye, end of stream); false when this side decided. */
  readonly byPeer: boolean;
}

/** A reason decided on this side. */
export function closedHere(code: CloseCode, text: string): CloseReason {
  return { code, text, byPeer: false };
}

/** A reason that came from the other side. */
export function closedThere(code: CloseCode, text: string): CloseReason {
  return { code, text, byPeer: true };
}
