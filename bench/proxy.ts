/** `npm run bench -- proxy`: the fault proxy against a direct connection, and against Toxiproxy where it is at hand. */
import { readNumbers } from './cluster.js';
import { CpuWatch, describeMachine } from './environment.js';
import { apiCalls } from './proxy-calls.js';
import { crowd } from './proxy-crowd.js';
import { lateness } from './proxy-lateness.js';
import { goalsText, type Part, partText } from './proxy-report.js';
import { roundTrip } from './proxy-round-trip.js';
import { rulesText } from './proxy-rules.js';
import { largeFrames, smallFrames } from './proxy-stream.js';
import { Stand } from './proxy-ways.js';

const defaults = { rounds: 5, seconds: 2, held: 10_000, connections: 1_000, calls: 50 };
type Options = Readonly<typeof defaults>;

const parts: Readonly<Record<string, (stand: Stand, options: Options) => Promise<Part>>> = {
  'round-trip': (stand, options) => roundTrip(stand, options, 'apart'),
  'round-trip-one-core': (stand, options) => roundTrip(stand, options, 'together'),
  frames: (stand, options) => smallFrames(stand, 64, options),
  'frames-256': (stand, options) => smallFrames(stand, 256, options),
  'large-frames': largeFrames,
  lateness,
  crowd,
  api: apiCalls,
};

/** Ends with 1 if a goal was missed. Parts may be named in front of the options; without a name all are measured. */
export async function main(args: readonly string[]): Promise<number> {
  const isJson = args.includes('--json');
  const rest = args.filter((arg) => arg !== '--json');
  const firstOption = rest.findIndex((arg) => arg.startsWith('--'));
  const named = firstOption === -1 ? rest : rest.slice(0, firstOption);
  const unknown = named.find((name) => parts[name] === undefined);
  if (unknown !== undefined) {
    console.error(`no part is called ${unknown}; there is ${Object.keys(parts).join(' ')}`);
    return 2;
  }
  const options = readNumbers(rest.slice(named.length), defaults);
  const stand = await Stand.start(process.env.TOXIPROXY_SERVER);
  try {
    const say = isJson ? (): void => undefined : console.log;
    const environment = [describeMachine(), toxiproxyText(stand), rulesText];
    say(`${environment.join('\n')}\n`);
    const measured: (Part & { readonly foreignCores: number })[] = [];
    for (const name of named.length > 0 ? named : Object.keys(parts)) {
      const cpu = new CpuWatch(() => stand.pids);
      const part = await parts[name]?.(stand, options);
      if (part === undefined) continue;
      const { foreign } = cpu.cores();
      measured.push({ ...part, foreignCores: foreign });
      say(partText(part, foreign));
    }
    const goals = measured.flatMap((part) => part.goals);
    say(goalsText(goals));
    if (isJson) console.log(JSON.stringify({ environment, options, parts: measured }));
    return goals.every(({ isMet }) => isMet) ? 0 : 1;
  } finally {
    await stand.stop();
  }
}

function toxiproxyText({ toxiproxy }: Stand): string {
  if (toxiproxy === undefined) return 'Toxiproxy not at hand: set TOXIPROXY_SERVER to the path of its server';
  return `Toxiproxy ${toxiproxy.version} from TOXIPROXY_SERVER`;
}
