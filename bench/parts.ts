/** What benchmarks of several parts share: parts chosen by name, a stand for all of them, and the report. */
import { writeFileSync } from 'node:fs';
import { CpuWatch, describeMachine } from './environment.js';
import { readOptions } from './options.js';
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
  /** A page about what was measured, for `--html FILE`; where it is missing there is no such option. */
  page?(environment: readonly string[], parts: readonly Part[]): string;
}

/**
 * Ends with 1 if a goal was missed. Parts may be named in front of the options; without a name all are measured.
 * `--json` prints one object instead of the tables, `--json FILE` writes it beside them.
 */
export async function runParts<Stand extends PartStand, Options extends Readonly<Record<string, number>>>(
  { parts, defaults, start, about, page }: Benchmark<Stand, Options>,
  args: readonly string[],
): Promise<number> {
  const { isJson, rest } = takeJson(args);
  const names = Object.keys(parts);
  const spec = { numbers: defaults, words: names, files: ['json', ...(page === undefined ? [] : ['html'])] };
  const { words, numbers, files } = readOptions(rest, spec);
  const options = numbers as Options;
  const stand = await start();
  try {
    const say = isJson ? (): void => undefined : console.log;
    const environment = [describeMachine(), ...about(stand)];
    say(`${environment.join('\n')}\n`);
    const measured: (Part & { readonly foreignCores: number })[] = [];
    for (const name of words.length > 0 ? words : names) {
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
    const json = JSON.stringify({ environment, options, parts: measured });
    if (isJson) console.log(json);
    if (files.json !== undefined) writeFileSync(files.json, `${json}\n`);
    if (files.html !== undefined && page !== undefined) writeFileSync(files.html, page(environment, measured));
    return goals.every(({ isMet }) => isMet) ? 0 : 1;
  } finally {
    await stand.stop();
  }
}

/** `--json` without a file is a switch, as it was before files could be named. */
function takeJson(args: readonly string[]): { isJson: boolean; rest: string[] } {
  const at = args.indexOf('--json');
  const isJson = at >= 0 && (args[at + 1] ?? '--').startsWith('--');
  return { isJson, rest: args.filter((_, index) => !isJson || index !== at) };
}
