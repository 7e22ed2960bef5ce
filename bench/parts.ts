/** What benchmarks of several parts share: parts chosen by name, a stand for all of them, and the report. */
import { readNumbers } from './cluster.js';
import { CpuWatch, describeMachine } from './environment.js';
import { goalsText, type Part, partText } from './report.js';

/** All that one run of a benchmark has started. */
export interface PartStand {
  /** Every process of the measurement, this one included. */
  readonly pids: readonly number[];
  /** Set by whoever watches the processors; to be called before one of the processes is ended. */
  beforeEnd: () => void;
  stop(): Promise<void>;
}

export interface Benchmark<Stand extends PartStand, Options extends Readonly<Record<string, number>>> {
  /** What may be given as `--name value`. */
  readonly defaults: Options;
  readonly parts: Readonly<Record<string, (stand: Stand, options: NoInfer<Options>) => Promise<Part>>>;
  start(): Promise<Stand>;
  /** What a reader must know of the stand, besides the machine. */
  about(stand: Stand): readonly string[];
}

/** Ends with 1 if a goal was missed. Parts may be named in front of the options; without a name all are measured. */
export async function runParts<Stand extends PartStand, Options extends Readonly<Record<string, number>>>(
  { parts, defaults, start, about }: Benchmark<Stand, Options>,
  args: readonly string[],
): Promise<number> {
  const isJson = args.includes('--json');
  const rest = args.filter((arg) => arg !== '--json');
  const firstOption = rest.findIndex((arg) => arg.startsWith('--'));
  const named = firstOption === -1 ? rest : rest.slice(0, firstOption);
  const unknown = named.find((name) => parts[name] === undefined);
  if (unknown !== undefined) {
    console.error(`no part is called ${unknown}; there is ${Object.keys(parts).join(' ')}`);
    return 2;
  }
  const options = readNumbers(rest.slice(named.length), defaults) as Options;
  const stand = await start();
  try {
    const say = isJson ? (): void => undefined : console.log;
    const environment = [describeMachine(), ...about(stand)];
    say(`${environment.join('\n')}\n`);
    const measured: (Part & { readonly foreignCores: number })[] = [];
    for (const name of named.length > 0 ? named : Object.keys(parts)) {
      const cpu = new CpuWatch(() => stand.pids);
      stand.beforeEnd = () => cpu.sample();
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
