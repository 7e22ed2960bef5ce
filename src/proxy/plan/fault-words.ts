/** Faults on links as people type them, turned into what the proxy's control API takes. */
import { readDurationMs } from './duration.js';
import { PlanError } from './errors.js';
import { readProbability } from './match.js';

/** The body of POST /rules for one preset. */
export type PresetBody = Readonly<Record<string, unknown>>;

/** Which frames between the two ends are meant; all of both directions by default. */
export interface LinkScope {
  readonly oneWay?: boolean;
  readonly kinds?: readonly string[] | undefined;
}

/** How each fault on links is written. */
export const linkFaultForms = {
  cut: 'A B',
  isolate: 'A',
  halves: '1,2/3',
  delay: 'A B 200ms±50ms',
  loss: 'A B 20%',
} as const;
export type LinkFaultVerb = keyof typeof linkFaultForms;

export function isLinkFaultVerb(word: string): word is LinkFaultVerb {
  return Object.hasOwn(linkFaultForms, word);
}

/** A fault on links by its words, such as `cut 1 2`. @throws PlanError */
export function linkFaultPreset(verb: LinkFaultVerb, words: readonly string[], scope: LinkScope = {}): PresetBody {
  const form = linkFaultForms[verb];
  if (words.length !== form.split(' ').length) throw new PlanError(`${verb} takes ${form}, not '${words.join(' ')}'`);
  const [a = '', b = '', what = ''] = words;
  switch (verb) {
    case 'cut':
      return cutPreset(a, b, scope);
    case 'isolate':
      return { preset: 'isolate', server: readEnd(a) };
    case 'halves':
      return { preset: 'halves', groups: a.split('/').map((group) => group.split(',').map(readEnd)) };
    case 'delay':
      return delayPreset(a, b, what, scope);
    case 'loss':
      return lossPreset(a, b, what, scope);
  }
}

/** Nothing passes from `a` to `b`, nor back unless `oneWay`. @throws PlanError */
export function cutPreset(a: string, b: string, scope: LinkScope = {}): PresetBody {
  // A cut of some kinds only is a loss of all of them.
  if (scope.kinds !== undefined) return lossPreset(a, b, '1', scope);
  return { preset: 'cut', a: readEnd(a), b: readEnd(b), ...scopeFields(scope) };
}

/** Frames between `a` and `b` are late by `time`: `200ms`, or `200ms±50ms`. @throws PlanError */
export function delayPreset(a: string, b: string, time: string, scope: LinkScope = {}): PresetBody {
  return { preset: 'delay', a: readEnd(a), b: readEnd(b), ...readDelay(time), ...scopeFields(scope) };
}

/** The share of frames between `a` and `b`, `20%` or `0.2`, is lost. @throws PlanError */
export function lossPreset(a: string, b: string, share: string, scope: LinkScope = {}): PresetBody {
  return { preset: 'loss', a: readEnd(a), b: readEnd(b), probability: readShare(share), ...scopeFields(scope) };
}

/** The end of a link: a server as `1` or `s1`, `*` for any, or `client`. @throws PlanError */
export function readEnd(word: string): number | string {
  const server = /^s?(\d{1,5})$/i.exec(word)?.[1];
  if (server !== undefined) return Number(server);
  if (word === '*' || word === 'client') return word;
  throw new PlanError(`"${word}" is no server; give its number, as 1 or s1, or "client"`);
}

/** Only what narrows: a rule is named after every field it is given. */
function scopeFields({ oneWay = false, kinds }: LinkScope): PresetBody {
  return { ...(oneWay ? { oneWay } : {}), ...(kinds === undefined ? {} : { kinds }) };
}

/** Anything from 150 to 250 ms for `200ms±50ms`, also `200ms+-50ms`; a spread without a unit has the mean's. */
function readDelay(text: string): PresetBody {
  const [, mean = text, spread] = /^(.*?)(?:±|\+-)(.*)$/.exec(text) ?? [];
  const meanMs = readDurationMs('TIME', mean);
  if (spread === undefined) return { time: mean };
  const unit = /\d$/.test(spread) ? mean.replace(/^[\d.]+/, '') : '';
  const spreadMs = readDurationMs('TIME', spread + unit);
  return { distribution: 'uniform', least: Math.max(0, meanMs - spreadMs), most: meanMs + spreadMs };
}

/** As it was written, so that the rule's name reads like what was typed. */
function readShare(text: string): number | string {
  const share = text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  readProbability('SHARE', share);
  return share;
}
