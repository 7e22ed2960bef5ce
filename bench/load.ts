/** The load of `synod bench` as the developers' benchmarks use it: one room, texts of one size, a closed loop. */

import { Prng } from '../src/base/index.js';
import { Load } from '../src/bench/load/load.js';
import { payloads } from '../src/bench/plan/payloads.js';

export interface ClosedLoadOptions {
  readonly clients: number;
  readonly inFlight: number;
  readonly sizeBytes: number;
  readonly room: string;
  /** Where to connect; a client is pinned to `servers[i % length]` when given. */
  readonly balancer: string;
  readonly servers?: readonly string[];
  /** Ends by itself after so many lines in all; without it `stop` ends it. */
  readonly linesMax?: number;
}

export function closedLoad(options: ClosedLoadOptions): Load {
  const { clients, inFlight, sizeBytes, room, balancer, servers, linesMax } = options;
  return new Load({
    clients,
    inFlight,
    rooms: [room],
    payloads: payloads({ min: sizeBytes, max: sizeBytes }, new Prng(1)),
    place: (index) => {
      const server = servers?.[index % servers.length];
      return server === undefined ? { balancers: [balancer] } : { server };
    },
    ...(linesMax === undefined ? {} : { linesMax }),
  });
}

/** What the tables of the benchmarks show of a window. */
export interface Figures {
  readonly ok: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** The window of `load` so far. */
export function figuresOf(load: Load): Figures {
  const { counts, perSecond, latencies } = load.window();
  const [p50Us = Number.NaN, p99Us = Number.NaN] = latencies.percentilesUs([50, 99]);
  return { ok: counts.ok, perSecond, p50Us, p99Us, maxUs: latencies.maxUs };
}
