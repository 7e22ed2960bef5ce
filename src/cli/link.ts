/** `synod link`: the links between servers as a table, and the usual faults by name. */
import { exitCodes } from '../base/index.js';
import { readDurationMs, readProbability } from '../proxy/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { ProxyApi } from './proxy-api.js';
import { renderTable } from './table.js';
import { asUsage } from './values.js';

const verbs: readonly string[] = ['ls', 'cut', 'isolate', 'halves', 'delay', 'loss', 'rm', 'heal'];

interface ShownLink {
  readonly from: number | string;
  readonly to: number | string;
  readonly connections: number;
  readonly frames: number;
  readonly held: number;
  readonly dropped: number;
  readonly delayed: number;
  readonly rules: readonly string[];
}

interface ShownRule {
  readonly id: string;
  readonly text: string;
  readonly matched: number;
  readonly applied: number;
}

export async function link(call: Call): Promise<number> {
  const [verb = '', ...words] = call.positionals;
  if (verbs.includes(verb)) expectOptions(call, verb);
  const api = new ProxyApi(call);
  switch (verb) {
    case 'ls':
      expectWords(verb, words, 0, '');
      return list(call, api);
    case 'heal':
      expectWords(verb, words, 0, '');
      return heal(call, api);
    case 'rm':
      expectWords(verb, words, 1, 'RULE');
      await api.call('DELETE', `/rules/${encodeURIComponent(words[0] as string)}`);
      call.output.note(`removed ${words[0]}`);
      return exitCodes.ok;
    default:
      return set(call, api, presetOf(call, verb, words));
  }
}

/** The preset that the words mean, as the API takes it. */
function presetOf(call: Call, verb: string, words: readonly string[]): Record<string, unknown> {
  const kind = call.options.text('kind');
  const options = {
    ...(call.options.has('one-way') ? { oneWay: true } : {}),
    ...(kind === undefined ? {} : { kinds: kind.split(',') }),
  };
  const [a = '', b = '', what = ''] = words;
  switch (verb) {
    case 'cut':
      expectWords(verb, words, 2, 'A B');
      // A cut of some kinds only is a loss of all of them.
      return kind === undefined
        ? { preset: 'cut', a: end(a), b: end(b), ...options }
        : { preset: 'loss', a: end(a), b: end(b), probability: 1, ...options };
    case 'isolate':
      expectWords(verb, words, 1, 'A');
      return { preset: 'isolate', server: end(a) };
    case 'halves':
      expectWords(verb, words, 1, '1,2/3');
      return { preset: 'halves', groups: a.split('/').map((group) => group.split(',').map(end)) };
    case 'delay':
      expectWords(verb, words, 3, 'A B 200ms±50ms');
      return { preset: 'delay', a: end(a), b: end(b), ...delayOf(what), ...options };
    case 'loss':
      expectWords(verb, words, 3, 'A B 20%');
      return { preset: 'loss', a: end(a), b: end(b), probability: lossOf(what), ...options };
    default:
      throw new UsageError(verb === '' ? `what? One of ${verbs.join(', ')}` : `no link command '${verb}'`);
  }
}

function expectWords(verb: string, words: readonly string[], count: number, form: string): void {
  if (words.length !== count)
    throw new UsageError(`${verb} takes ${form === '' ? 'no words' : form}: synod link ${verb} ${form}`.trimEnd());
}

function end(word: string): number | string {
  return /^\d+$/.test(word) ? Number(word) : word;
}

/** `200ms`, or `200ms±50ms` (also +-) for anything from 150 to 250 ms. */
function delayOf(text: string): Record<string, unknown> {
  const read = (part: string): number => asUsage('delay A B TIME', () => readDurationMs('TIME', part));
  const [mean = '', spread] = text.split(/±|\+-/);
  const meanMs = read(mean);
  if (spread === undefined) return { time: mean };
  return { distribution: 'uniform', least: Math.max(0, meanMs - read(spread)), most: meanMs + read(spread) };
}

/** `20%` or `0.2`, as it was written. */
function lossOf(text: string): number | string {
  const value = text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  asUsage('loss A B SHARE', () => readProbability('SHARE', value));
  return value;
}

/** Where `--one-way` and `--kind` mean something. */
function expectOptions(call: Call, verb: string): void {
  const given = ['one-way', 'kind'].find((name) => call.options.has(name));
  if (given === undefined || ['cut', 'delay', 'loss'].includes(verb)) return;
  throw new UsageError(`--${given} goes with cut, delay and loss, not with '${verb}'`);
}

async function set(call: Call, api: ProxyApi, preset: Record<string, unknown>): Promise<number> {
  const answer = (await api.call('POST', '/rules', preset)) as { rules: ShownRule[]; warnings: string[] };
  if (call.options.has('json')) call.output.line(jsonLine(answer));
  else for (const { text } of answer.rules) call.output.line(text);
  for (const warning of answer.warnings) call.output.note(`synod link: warning: ${warning}`);
  return exitCodes.ok;
}

async function heal(call: Call, api: ProxyApi): Promise<number> {
  const answer = (await api.call('POST', '/heal')) as { rules: string[]; toxics: string[] };
  if (call.options.has('json')) call.output.line(jsonLine(answer));
  else {
    const gone = [...answer.rules, ...answer.toxics];
    call.output.line(gone.length === 0 ? 'nothing to heal' : `healed: ${gone.join(', ')}`);
  }
  return exitCodes.ok;
}

async function list(call: Call, api: ProxyApi): Promise<number> {
  const { links } = (await api.call('GET', '/links')) as { links: ShownLink[] };
  const { rules } = (await api.call('GET', '/rules')) as { rules: ShownRule[] };
  if (call.options.has('json')) {
    call.output.line(jsonLine({ links, rules }));
    return exitCodes.ok;
  }
  const number = (title: string, cell: (row: ShownLink) => number) => ({
    title,
    right: true,
    cell: (row: ShownLink) => String(cell(row)),
  });
  const columns = [
    { title: 'LINK', cell: ({ from, to }: ShownLink) => `${from}>${to}` },
    number('OPEN', ({ connections }) => connections),
    number('FRAMES', ({ frames }) => frames),
    number('HELD', ({ held }) => held),
    number('DELAYED', ({ delayed }) => delayed),
    number('DROPPED', ({ dropped }) => dropped),
    { title: 'RULES', cell: ({ rules: ids }: ShownLink) => ids.join(', ') },
  ];
  for (const line of renderTable(columns, links)) call.output.line(line);
  if (rules.length === 0) call.output.line('no rules');
  for (const { text, matched, applied } of rules) {
    call.output.line(`${text} · ${matched === 0 ? 'matched nothing yet' : `acted on ${applied} of ${matched}`}`);
  }
  return exitCodes.ok;
}
