/**
 * The engine inside a server: `-mode` acts on its links to other servers, both directions. The server hands in each
 * frame and is told which pass now; the others come later, or never.
 */
import { type Clock, InvariantError, type Logger } from '../../base/index.js';
import { modeRules } from '../plan/mode.js';
import { Faults } from './faults.js';
import { FrameLine } from './frame-line.js';

/** One direction of one connection to a peer. */
export interface FilteredLink {
  /** True: send or take in this frame now. False: it was dropped, or comes through `deliver` later. */
  passes(code: number, frame: Uint8Array): boolean;
  /** The connection is gone, and with it what was held. */
  close(): void;
}

/** Frames held by one direction at most: half a minute of a busy link. Beyond it they are lost; the replica resends. */
const heldBytesMax = 64 << 20;

export class LinkFilter {
  readonly #faults: Faults;
  readonly #logger: Logger;
  readonly #self: number;

  /** `mode` in the write-up's grammar. @throws PlanError */
  constructor(clock: Clock, logger: Logger, self: number, mode: string) {
    // A mode takes no chances, so that any seed does.
    this.#faults = new Faults(clock, 0);
    this.#logger = logger;
    this.#self = self;
    this.#faults.setRules(modeRules(self, mode));
  }

  /** Frames from this server to `peer`; `deliver` gets those that were held, and must not keep them. */
  to(peer: number, deliver: (frame: Uint8Array) => void): FilteredLink {
    return this.#link(this.#self, peer, deliver);
  }

  /** Frames from `peer` to this server. */
  from(peer: number, deliver: (frame: Uint8Array) => void): FilteredLink {
    return this.#link(peer, this.#self, deliver);
  }

  /** Nothing is delivered any more. */
  stop(): void {
    this.#faults.stop();
  }

  #link(from: number, to: number, deliver: (frame: Uint8Array) => void): FilteredLink {
    const state = this.#faults.link(from, to);
    // A mode only delays and drops: it never damages a frame or breaks a connection.
    const never = (): never => {
      throw new InvariantError('a mode damaged a frame or broke a connection');
    };
    const line = new FrameLine(this.#faults, state, {
      emit: deliver,
      damage: never,
      breakOff: never,
      onReleased: () => undefined,
    });
    let isTold = false;
    return {
      passes: (code, frame) => {
        const nowMs = this.#faults.deadlines.nowMs();
        const fate = state.rules.judge(code, frame.length, nowMs);
        if (fate === undefined) return true;
        if (!fate.dropped && line.heldBytes + frame.length > heldBytesMax) {
          state.counts.add('lost', code);
          if (!isTold) {
            this.#logger.warn('link-full', {
              text: 'a link holds as much as it may: further frames are lost; shorten the delay',
              link: state.name,
              heldBytesMax,
            });
          }
          isTold = true;
          return false;
        }
        line.settle(fate, code, frame, nowMs);
        return false;
      },
      close: () => line.close(),
    };
  }
}
