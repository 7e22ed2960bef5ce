/** What can happen to a simulated cluster, as data: who, what, when, how long. A run's faults are a list of these. */
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import type { DecisionVerb, ServerId } from '../../src/wire/index.js';

interface Timed {
  /** Simulated microseconds since the start. */
  readonly atUs: number;
}

/** Something that is due at a time, whatever goes on then. */
export type DueFault = Timed &
  (
    | { readonly kind: 'crash' | 'stop'; readonly servers: readonly ServerId[]; readonly forUs: number }
    | { readonly kind: 'pause'; readonly server: ServerId; readonly forUs: number }
    /** Rules between servers, in the form in which the proxy's API takes them. */
    | { readonly kind: 'links'; readonly rules: readonly JsonObject[]; readonly forUs: number }
    /** Not a byte fits, or (`writes` above 0) only so many writes of new segments fail. */
    | { readonly kind: 'full'; readonly server: ServerId; readonly writes: number; readonly forUs: number }
    /** The next write or sync of the log fails. */
    | { readonly kind: 'diskError'; readonly server: ServerId; readonly operation: 'write' | 'sync' }
    /** A bit of something durable rots, or a write went astray long ago; `place` chooses where. */
    | { readonly kind: 'damage'; readonly server: ServerId; readonly way: 'bit' | 'stray'; readonly place: number }
    /** Its disk is emptied, if the others can do without what was on it. */
    | { readonly kind: 'empty'; readonly server: ServerId; readonly forUs: number }
    /** The wall clock jumps by `byMs` or stands still; or the monotonic one runs at `rate` per mille. */
    | { readonly kind: 'wallJump'; readonly server: ServerId; readonly byMs: number }
    | { readonly kind: 'wallFreeze'; readonly server: ServerId; readonly forUs: number }
    | { readonly kind: 'clockRate'; readonly server: ServerId; readonly rate: number; readonly forUs: number }
    /** An operator has a server put a decision into the log; `id` tells it from all others. */
    | {
        readonly kind: 'decide';
        readonly server: ServerId;
        readonly verb: DecisionVerb;
        readonly subject: string;
        readonly count: number;
        readonly ageMs: number;
        readonly id: number;
      }
    /** A client leaves its server, and comes back after this. */
    | { readonly kind: 'away'; readonly client: number; readonly forUs: number }
    /** Only where production's library is used: the client's cable is out; it reads nothing; the balancer is down. */
    | { readonly kind: 'cable' | 'stall'; readonly client: number; readonly forUs: number }
    | { readonly kind: 'balancer'; readonly forUs: number }
  );

/**
 * Something that strikes as a thing happens. `point` names the thing: `lose 1>2 accept` is an accept from 1 to 2 that
 * is lost. It strikes the first such thing at or after `atUs`; of those at that very microsecond it spares `skip`.
 */
export interface Strike extends Timed {
  readonly kind: 'strike';
  readonly point: string;
  readonly skip?: number;
  readonly byUs?: number;
}

export type Fault = DueFault | Strike;

/** Faults that belong together stand together, so that halves of the list are worth trying. */
export function inOrder(faults: readonly Fault[]): Fault[] {
  return [...faults].sort((a, b) => compareText(groupOf(a), groupOf(b)) || a.atUs - b.atUs);
}

function groupOf(fault: Fault): string {
  return fault.kind === 'strike' ? fault.point : ` ${fault.kind}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
