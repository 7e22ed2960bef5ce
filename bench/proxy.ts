/** `npm run bench -- proxy`: the fault proxy against a direct connection, and against Toxiproxy where it is at hand. */
import { runParts } from './parts.js';
import { apiCalls } from './proxy-calls.js';
import { crowd } from './proxy-crowd.js';
import { lateness } from './proxy-lateness.js';
import { roundTrip } from './proxy-round-trip.js';
import { rulesText } from './proxy-rules.js';
import { largeFrames, smallFrames } from './proxy-stream.js';
import { Stand } from './proxy-ways.js';

export function main(args: readonly string[]): Promise<number> {
  return runParts(
    {
      defaults: { rounds: 5, seconds: 2, held: 10_000, connections: 1_000, calls: 50 },
      parts: {
        'round-trip': (stand, options) => roundTrip(stand, options, 'apart'),
        'round-trip-one-core': (stand, options) => roundTrip(stand, options, 'together'),
        frames: (stand, options) => smallFrames(stand, 64, options),
        'frames-256': (stand, options) => smallFrames(stand, 256, options),
        'large-frames': largeFrames,
        lateness,
        crowd,
        api: apiCalls,
      },
      start: () => Stand.start(process.env.TOXIPROXY_SERVER),
      about: (stand) => [toxiproxyText(stand), rulesText],
    },
    args,
  );
}

function toxiproxyText({ toxiproxy }: Stand): string {
  if (toxiproxy === undefined) return 'Toxiproxy not at hand: set TOXIPROXY_SERVER to the path of its server';
  return `Toxiproxy ${toxiproxy.version} from TOXIPROXY_SERVER`;
}
