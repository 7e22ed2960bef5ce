/**
 * Runs transcript scenarios: text files that alternate commands with what the replicas then print.
 *
 * A file is a list of blocks, separated by blank lines. `#` begins a comment line. A block is one or more command
 * lines, then a line `----`, then the recorded output. To record again: `SYNOD_RECORD=1 node
 * dist/test/script/scenarios.test.js` and commit only changes that you understand.
 *
 * Commands (ids are servers; `all` stands for every server that runs; times are simulated):
 *   servers N [seed=S] [plant=NAME]   begins; N bare replicas, all links up. Must come first
 *   propose ID TEXT…                  a client of ID wants TEXT logged (one batch)
 *   tick ID|all [N]                   N ticks of 10 ms (default 1); nothing is delivered or synced but heartbeats
 *   sync ID|all [N]                   the next N records (default: all) reach the disk; frames that waited leave
 *   deliver WHICH                     frames under way arrive, oldest first (also those sent meanwhile, if they match)
 *   drop WHICH                        … are lost
 *   duplicate WHICH                   … arrive, and stay under way
 *   hold WHICH                        … are set aside until `release`; their number is printed
 *   release                           everything held is under way again
 *   cut A>B [A>B …] | heal            links that lose what is sent on them from now on; heal mends all
 *   crash ID [quiet] | restart ID     unsynced records are lost; quiet: peers do not notice a closed connection
 *   read ID N                         a client of ID wants a fresh read, number N
 *   full ID | space ID | stop ID      the disk is full, has space again; SIGTERM
 *   run MS                            time passes for all: each 10 ms everything is synced and delivered until quiet
 *   slow MS                           time passes for all, but only heartbeats travel and nothing is synced
 *   heartbeats manual|auto            auto (default): they arrive unseen at once on links that are not cut
 *   lead ID                           unseen: time passes until ID leads and all follow, then two seconds more
 *   quietly COMMAND                   as COMMAND, but nothing is printed
 *   install ID SLOT                   the state through SLOT was fetched, synced and switched to at ID
 *   show [ID]                         one line per server: role, ballots, commit, log
 *   frames                            what is under way
 *
 * WHICH is any of: a frame type (`accept`), `A>B`, `to=ID`, `from=ID`, `slot=N`, `count=N` (at most so many), `all`;
 * all that are named must match.
 *
 * After every block no two servers may have committed different values in a slot; the line that says so would be
 * recorded as `DISAGREEMENT …`, and a scenario without `plant=` fails with it whatever was recorded.
 */
import { noPlants, type Plants } from '../../src/paxos/index.js';
import { describe, type Frame, ScriptCluster } from './script-cluster.js';

export interface Block {
  /** Comments and blank lines above it, as they stand. */
  readonly preamble: readonly string[];
  readonly commands: readonly string[];
  readonly output: readonly string[];
}

export interface Outcome {
  readonly blocks: readonly Block[];
  /** Lines that say that two servers disagree. */
  readonly disagreements: readonly string[];
  readonly planted: boolean;
}

/** Cuts a file into blocks. Throws on a block without `----`. */
export function parseScenario(text: string): Block[] {
  const blocks: Block[] = [];
  let preamble: string[] = [];
  let commands: string[] = [];
  let output: string[] | undefined;
  const close = (): void => {
    if (output === undefined) {
      if (commands.length > 0) throw new Error(`commands without "----": ${commands.join('; ')}`);
      return;
    }
    blocks.push({ preamble, commands, output });
    preamble = [];
    commands = [];
    output = undefined;
  };
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      close();
      if (commands.length === 0) preamble.push('');
    } else if (output !== undefined) output.push(line);
    else if (line.startsWith('#')) preamble.push(line);
    else if (line.trim() === '----') output = [];
    else commands.push(line.trim());
  }
  close();
  return blocks;
}

/** The file as it would stand with these blocks. */
export function formatScenario(blocks: readonly Block[]): string {
  const lines: string[] = [];
  for (const block of blocks) {
    const above = trimBlank(block.preamble);
    if (lines.length > 0) lines.push('');
    lines.push(...above, ...block.commands, '----', ...block.output);
  }
  return `${lines.join('\n')}\n`;
}

/** Runs all blocks and returns them with what was really printed. */
export function runScenario(text: string): Outcome {
  const runner = new Runner();
  const blocks = parseScenario(text).map((block) => ({ ...block, output: runner.run(block.commands) }));
  return { blocks, disagreements: runner.disagreements, planted: runner.planted };
}

class Runner {
  #cluster: ScriptCluster | undefined;
  #lines: string[] = [];
  #held: Frame[] = [];
  readonly disagreements: string[] = [];
  planted = false;

  run(commands: readonly string[]): string[] {
    this.#lines = [];
    for (const command of commands) this.#command(command);
    for (const line of this.#cluster?.disagreements() ?? []) {
      this.#say(`DISAGREEMENT in ${line}`);
      this.disagreements.push(line);
    }
    if (this.#lines.length === 0) this.#say('(nothing)');
    return this.#lines;
  }

  readonly #say = (line: string): void => {
    this.#lines.push(line);
  };

  #command(command: string): void {
    const [verb, ...words] = command.split(/\s+/) as [string, ...string[]];
    if (verb === 'servers') return this.#unseen(() => this.#servers(words));
    if (verb === 'quietly') return this.#unseen(() => this.#command(words.join(' ')));
    const cluster = this.#cluster;
    if (cluster === undefined) throw new Error(`"${command}" before "servers N"`);
    switch (verb) {
      case 'propose':
        return cluster.propose(numberOf(words[0]), words.slice(1).join(' '));
      case 'tick': {
        const ids = this.#ids(words[0]);
        for (let n = words[1] === undefined ? 1 : numberOf(words[1]); n > 0; n--) cluster.tick(ids);
        return;
      }
      case 'sync':
        for (const id of this.#ids(words[0])) cluster.sync(id, words[1] === undefined ? undefined : numberOf(words[1]));
        return;
      case 'deliver':
        return this.#each(words, (frame) => cluster.arrive(frame));
      case 'duplicate':
        return this.#take(words).forEach((frame) => {
          cluster.frames.push(frame);
          cluster.arrive(frame);
        });
      case 'drop':
        for (const frame of this.#take(words))
          this.#say(`${frame.from}>${frame.to} ${describe(frame.message)} is lost`);
        return;
      case 'hold': {
        const taken = this.#take(words);
        this.#held.push(...taken);
        return this.#say(`${taken.length} frames are held`);
      }
      case 'release':
        cluster.frames.push(...this.#held);
        this.#held = [];
        return;
      case 'cut':
        for (const word of words) {
          const [from, to] = linkOf(word);
          cluster.cut(from, to);
        }
        return;
      case 'heal':
        return cluster.heal();
      case 'crash':
        return cluster.crash(numberOf(words[0]), words[1] === 'quiet');
      case 'restart':
        return cluster.start(numberOf(words[0]));
      case 'lead':
        return this.#unseen(() => this.#lead(cluster, numberOf(words[0])));
      case 'install':
        return cluster.install(numberOf(words[0]), numberOf(words[1]));
      case 'read':
        return cluster.step(numberOf(words[0]), { kind: 'read', id: numberOf(words[1]) });
      case 'full':
        return cluster.step(numberOf(words[0]), { kind: 'disk', full: true });
      case 'space':
        return cluster.step(numberOf(words[0]), { kind: 'disk', full: false });
      case 'stop':
        return cluster.step(numberOf(words[0]), { kind: 'stop' });
      case 'run':
      case 'slow':
        for (let ms = numberOf(words[0]); ms > 0; ms -= 10) {
          cluster.tick(this.#ids('all'));
          if (verb === 'run') this.#settle(cluster);
        }
        return;
      case 'heartbeats':
        cluster.heartbeats = words[0] === 'manual' ? 'manual' : 'auto';
        return;
      case 'show':
        for (const id of words[0] === undefined ? cluster.ids : [numberOf(words[0])])
          this.#say(cluster.describeServer(id));
        return;
      case 'frames':
        for (const { from, to, message } of cluster.frames) this.#say(`${from}>${to} ${describe(message)}`);
        return;
      default:
        throw new Error(`unknown command "${command}"`);
    }
  }

  #servers(words: readonly string[]): void {
    let seed = 1;
    const plants: Partial<Record<keyof Plants, boolean>> = {};
    for (const word of words.slice(1)) {
      const [name, value] = word.split('=');
      if (name === 'seed') seed = numberOf(value);
      else if (name === 'plant' && value !== undefined && value in noPlants) plants[value as keyof Plants] = true;
      else throw new Error(`unknown option "${word}"`);
    }
    this.planted = Object.keys(plants).length > 0;
    this.#cluster = new ScriptCluster(numberOf(words[0]), this.#say, { seed, plants });
  }

  #unseen(act: () => void): void {
    const lines = this.#lines;
    this.#lines = [];
    act();
    this.#lines = lines;
  }

  /** Prepares of all others are lost until `id` leads; then the cluster comes to rest. */
  #lead(cluster: ScriptCluster, id: number): void {
    for (let ms = 0; !cluster.describeServer(id).startsWith(`${id}: leader`); ms += 10) {
      if (ms > 60_000) throw new Error(`server ${id} does not become leader`);
      cluster.tick(this.#ids('all'));
      this.#settle(cluster, (frame) => frame.message.type === 'prepare' && frame.from !== id);
    }
    for (let ms = 0; ms < 2000; ms += 10) {
      cluster.tick(this.#ids('all'));
      this.#settle(cluster);
    }
  }

  /** Everything is synced and delivered until nothing moves; what is `lost` does not arrive. */
  #settle(cluster: ScriptCluster, lost: (frame: Frame) => boolean = () => false): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const id of cluster.ids) if (cluster.sync(id)) moved = true;
      while (cluster.frames.length > 0) {
        const frame = cluster.frames.shift() as Frame;
        if (!lost(frame)) cluster.arrive(frame);
        moved = true;
      }
    }
  }

  /** Frames that match, one at a time, including those sent while the earlier ones arrive. */
  #each(words: readonly string[], act: (frame: Frame) => void): void {
    const cluster = this.#cluster as ScriptCluster;
    const { matches, count } = selectorOf(words);
    for (let left = count; left > 0; left--) {
      const at = cluster.frames.findIndex(matches);
      if (at < 0) {
        if (left === count) this.#say('no such frame is under way');
        return;
      }
      act(cluster.frames.splice(at, 1)[0] as Frame);
    }
  }

  /** Frames that match now, taken off. */
  #take(words: readonly string[]): Frame[] {
    const cluster = this.#cluster as ScriptCluster;
    const { matches, count } = selectorOf(words);
    const taken: Frame[] = [];
    cluster.frames = cluster.frames.filter((frame) => {
      if (taken.length >= count || !matches(frame)) return true;
      taken.push(frame);
      return false;
    });
    if (taken.length === 0) this.#say('no such frame is under way');
    return taken;
  }

  #ids(word: string | undefined): number[] {
    if (word === undefined || word === 'all') return (this.#cluster as ScriptCluster).ids;
    return [numberOf(word)];
  }
}

function selectorOf(words: readonly string[]): { matches: (frame: Frame) => boolean; count: number } {
  if (words.length === 0) throw new Error('say which frames, or "all"');
  let count = Number.POSITIVE_INFINITY;
  const tests: ((frame: Frame) => boolean)[] = [];
  for (const word of words) {
    const [name, value] = word.split('=');
    if (word === 'all') continue;
    if (word.includes('>')) {
      const [from, to] = linkOf(word);
      tests.push((frame) => frame.from === from && frame.to === to);
    } else if (name === 'count') count = numberOf(value);
    else if (name === 'to') tests.push((frame) => frame.to === numberOf(value));
    else if (name === 'from') tests.push((frame) => frame.from === numberOf(value));
    else if (name === 'slot') tests.push((frame) => 'slot' in frame.message && frame.message.slot === numberOf(value));
    else tests.push((frame) => frame.message.type === word);
  }
  return { matches: (frame) => tests.every((test) => test(frame)), count };
}

function linkOf(word: string): [number, number] {
  const [from, to] = word.split('>');
  return [numberOf(from), numberOf(to)];
}

function numberOf(word: string | undefined): number {
  const value = Number(word);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`"${word}" is no number`);
  return value;
}

function trimBlank(lines: readonly string[]): string[] {
  const out = [...lines];
  while (out[0] === '') out.shift();
  while (out[out.length - 1] === '') out.pop();
  return out;
}
