/** `synod link`: the links between servers as a table, and the usual faults by name. */
import { exitCodes, renderTable } from '../base/index.js';
import { isLinkFaultVerb, linkFaultForms, linkFaultPreset, type PresetBody } from '../proxy/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { ProxyApi } from './proxy-api.js';
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
  const api = ProxyApi.of(call);
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
    default: {
      const preset = asUsage(verb, () => presetOf(call, verb, words));
      return set(call, api, preset);
    }
  }
}

/** The preset that the words mean, as the API takes it. */
function presetOf(call: Call, verb: string, words: readonly string[]): PresetBody {
  if (!isLinkFaultVerb(verb)) {
    throw new UsageError(verb === '' ? `what? One of ${verbs.join(', ')}` : `no link command '${verb}'`);
  }
  const scope = { oneWay: call.options.has('one-way'), kinds: call.options.text('kind')?.split(',') };
  const form = linkFaultForms[verb];
  expectWords(verb, words, form.split(' ').length, form);
  return linkFaultPreset(verb, words, scope);
}

function expectWords(verb: string, words: readonly string[], count: number, form: string): void {
  if (words.length !== count)
    throw new UsageError(`${verb} takes ${form === '' ? 'no words' : form}: synod link ${verb} ${form}`.trimEnd());
}

/** Where `--one-way` and `--kind` mean something. */
function expectOptions(call: Call, verb: string): void {
  const given = ['one-way', 'kind'].find((name) => call.options.has(name));
  if (given === undefined || ['cut', 'delay', 'loss'].includes(verb)) return;
  throw new UsageError(`--${given} goes with cut, delay and loss, not with '${verb}'`);
}

async function set(call: Call, api: ProxyApi, preset: PresetBody): Promise<number> {
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
