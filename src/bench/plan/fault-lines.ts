/** Faults of a run as people write them: a fault on links for a time, or a server that is killed or stopped. */
import {
  durationText,
  isLinkFaultVerb,
  type LinkFaultVerb,
  linkFaultForms,
  linkFaultPreset,
  modeRuleBodies,
  PlanError,
  readDurationMs,
  readMode,
} from '../../proxy/index.js';

/** A server by its number, or by what it is when the fault begins. `follower`: the first one that does not lead. */
export type ServerWord = number | 'leader' | 'follower';

/** Times in ms since the window opened. */
interface Timed {
  readonly atMs: number;
  /** As it was written, without its times. */
  readonly text: string;
}

export type Fault =
  /** Rules in the proxy from `atMs` until `untilMs`. */
  | (Timed & { readonly kind: 'links'; readonly untilMs: number; readonly spec: LinkSpec })
  /** `kill -9`, and started again. */
  | (Timed & { readonly kind: 'kill'; readonly server: ServerWord; readonly restartAfterMs: number })
  /** Stopped by the kernel, and continued. */
  | (Timed & { readonly kind: 'pause'; readonly server: ServerWord; readonly forMs: number });

/** What a proxy is to do, with servers that may have to be looked up first. */
export type LinkSpec =
  | { readonly kind: 'mode'; readonly server: ServerWord | '*'; readonly mode: string }
  | { readonly kind: 'preset'; readonly verb: LinkFaultVerb; readonly words: readonly string[] };

/** How long a killed server stays away unless it is said. */
export const restartAfterMs = 2_000;

const forms =
  'write FROM..UNTIL and a mode (p:1::a:2, or 1=p:1) or cut, isolate, halves, delay, loss as in synod link, or AT kill ' +
  'SERVER, or AT pause SERVER TIME; e.g. "3s..5s delay 1 2 20ms", "5s kill leader"';

/** Reads one `--fault`. @throws PlanError that says how they are written. */
export function readFault(line: string): Fault {
  const [when = '', ...words] = line.trim().split(/\s+/);
  const [from = '', until, ...more] = when.split('..');
  if (words.length === 0 || more.length > 0) throw new PlanError(`'${line}' is no fault: ${forms}`);
  const atMs = readDurationMs('fault', from);
  const text = words.join(' ');
  if (until === undefined) return readBlow(line, atMs, text, words);
  const untilMs = readDurationMs('fault', until);
  if (untilMs <= atMs) throw new PlanError(`'${line}' ends before it begins: write the earlier time first`);
  return { kind: 'links', atMs, untilMs, text, spec: readLinkSpec(words) };
}

function readBlow(line: string, atMs: number, text: string, words: readonly string[]): Fault {
  const [verb, who = '', time, ...more] = words;
  if (more.length === 0 && verb === 'kill' && who !== '') {
    const away = time === undefined ? restartAfterMs : readDurationMs('fault', time);
    return { kind: 'kill', atMs, text, server: readServerWord(who), restartAfterMs: away };
  }
  if (more.length === 0 && verb === 'pause' && time !== undefined) {
    return { kind: 'pause', atMs, text, server: readServerWord(who), forMs: readDurationMs('fault', time) };
  }
  throw new PlanError(`'${line}' is no fault: ${forms}`);
}

/** Faults on links: a mode, also `--mode`'s, or the words of `synod link`. @throws PlanError */
export function readLinkSpec(words: readonly string[]): LinkSpec {
  const [first = '', ...rest] = words;
  if (isLinkFaultVerb(first)) {
    const spec: LinkSpec = { kind: 'preset', verb: first, words: rest };
    linkBodies('fault', spec, () => 1);
    return spec;
  }
  if (rest.length > 0) throw new PlanError(`'${words.join(' ')}' is no fault on links: ${forms}`);
  const [, who, mode = ''] = /^(?:([^=:]*)=)?(.*)$/.exec(first) ?? [];
  if (readMode(mode).length === 0) throw new PlanError(`'${first}' is no fault on links: ${forms}`);
  return { kind: 'mode', server: who === undefined ? '*' : readServerWord(who), mode };
}

function readServerWord(word: string): ServerWord {
  if (word === 'leader' || word === 'follower') return word;
  const id = /^s?(\d{1,5})$/i.exec(word)?.[1];
  if (id !== undefined && Number(id) > 0) return Number(id);
  throw new PlanError(`'${word}' is no server: give its number, or leader, or follower`);
}

/**
 * What the proxy's control API takes, once the servers are known. `name` is the rules' own, so that none replaces that
 * of another fault.
 *
 * @throws PlanError
 */
export function linkBodies(
  name: string,
  spec: LinkSpec,
  find: (word: 'leader' | 'follower') => number,
): readonly Readonly<Record<string, unknown>>[] {
  const isRole = (word: ServerWord | string): word is 'leader' | 'follower' => word === 'leader' || word === 'follower';
  if (spec.kind === 'preset') {
    const words = spec.words.map((word) => (isRole(word) ? String(find(word)) : word));
    return [{ ...linkFaultPreset(spec.verb, words), id: name }];
  }
  const server = isRole(spec.server) ? find(spec.server) : spec.server;
  return modeRuleBodies(server as number | '*', spec.mode).map((body) => ({ ...body, id: `${name} ${body.id}` }));
}

/** Which numbers a fault names, to be compared with the cluster's before the run. */
export function serversNamed(fault: Fault): number[] {
  if (fault.kind !== 'links') return typeof fault.server === 'number' ? [fault.server] : [];
  const { spec } = fault;
  if (spec.kind === 'mode') return typeof spec.server === 'number' ? [spec.server] : [];
  const ends = linkFaultForms[spec.verb].split(' ').filter((form) => form === 'A' || form === 'B').length;
  const groups = spec.verb === 'halves' ? (spec.words[0] ?? '').split(/[/,]/) : spec.words.slice(0, ends);
  return groups.flatMap((word) => {
    const id = /^s?(\d+)$/i.exec(word)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
}

/** When the last trace of it is gone, ms since the window opened. */
export function faultEndMs(fault: Fault): number {
  if (fault.kind === 'links') return fault.untilMs;
  return fault.atMs + (fault.kind === 'kill' ? fault.restartAfterMs : fault.forMs);
}

/** With its times, as it may be written again. */
export function faultText(fault: Fault): string {
  const from = durationText(fault.atMs);
  return fault.kind === 'links' ? `${from}..${durationText(fault.untilMs)} ${fault.text}` : `${from} ${fault.text}`;
}
