/** A timeline: at t set this fault for d. A script with fixed steps, random schedules drawn from the seed, or both. */
import { Draw, drawBase } from './draw.js';
import { durationText } from './duration.js';
import { isServer } from './ends.js';
import { inPlace, PlanError } from './errors.js';
import { Fields, isObject, type JsonObject } from './fields.js';
import { presetRules, type Surroundings } from './presets.js';
import { randomFault, randomFaultNames, serversNeeded } from './random-faults.js';
import { type Rule, readRule, ruleText } from './rule.js';
import { rulesMax } from './rule-book.js';

export type TimelineAction =
  | { readonly kind: 'set'; readonly rules: readonly Rule[] }
  /** Only these very rules: another one that has taken the name of one stays. */
  | { readonly kind: 'remove'; readonly rules: readonly Rule[] }
  /** Takes away every rule, whoever set it. */
  | { readonly kind: 'heal' };

export interface TimelineStep {
  /** Since the start. */
  readonly atMs: number;
  readonly action: TimelineAction;
  /** One line for logs. */
  readonly text: string;
}

export interface Timeline {
  readonly name: string;
  readonly seed: number;
  /** In order of time; those of one moment in the order of the script. */
  readonly steps: readonly TimelineStep[];
}

/** More are a mistake in a script; reading so many takes a tenth of a second, in which nothing else happens. */
const stepsMax = 4_000;

/**
 * Reads a script, the object that its TOML or JSON stands for. `seed` wins over the script's own.
 *
 * @throws PlanError that names the step.
 */
export function readTimeline(script: unknown, surroundings: Surroundings, seed?: number): Timeline {
  const fields = new Fields(script, '');
  const name = fields.text('name', 'timeline');
  const ownSeed = fields.integer('seed', { least: 0, most: Number.MAX_SAFE_INTEGER }, surroundings.seed);
  const around = { ...surroundings, seed: seed ?? ownSeed };
  const steps: TimelineStep[] = [];
  for (const [place, step] of listOf(fields, 'steps').entries()) {
    const where = `steps[${place}]`;
    steps.push(...inPlace(where, () => readStep(step, where, around)));
  }
  for (const [place, schedule] of listOf(fields, 'random').entries()) {
    steps.push(...drawSchedule(schedule, `random[${place}]`, around));
    if (steps.length > stepsMax) throw new PlanError(`the script has more than ${stepsMax} steps: give fewer`);
  }
  fields.end();
  if (steps.length === 0) throw new PlanError('the script has no steps: write [[steps]] or [[random]]');
  steps.sort((a, b) => a.atMs - b.atMs);
  const most = mostRulesAtOnce(steps);
  if (most > rulesMax)
    throw new PlanError(`the script sets ${most} rules at once: ${rulesMax} at most; give them a "for"`);
  return { name, seed: around.seed, steps };
}

function mostRulesAtOnce(steps: readonly TimelineStep[]): number {
  const alive = new Set<string>();
  let most = 0;
  for (const { action } of steps) {
    if (action.kind === 'heal') alive.clear();
    else if (action.kind === 'set') for (const { id } of action.rules) alive.add(id);
    else for (const { id } of action.rules) alive.delete(id);
    most = Math.max(most, alive.size);
  }
  return most;
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields.raw(name) ?? [];
  if (!Array.isArray(value)) throw fields.error(name, 'a list');
  if (value.length * 2 > stepsMax)
    throw new PlanError(`${name} has ${value.length} items: give ${stepsMax / 2} at most`);
  return value as unknown[];
}

function readStep(value: unknown, where: string, surroundings: Surroundings): TimelineStep[] {
  if (!isObject(value)) throw new PlanError('is no object: give at, for, and a preset, a rule or heal');
  const { at, for: lasts, ...rest } = value;
  const times = new Fields({ at: at ?? null, for: lasts ?? null }, '');
  const atMs = times.duration('at');
  if (rest.heal !== undefined) return [readHeal(value, atMs)];
  const lastsMs = times.has('for') ? times.duration('for') : Number.POSITIVE_INFINITY;
  return setFor(atMs, lastsMs, stepRules(rest, where, surroundings));
}

function readHeal(step: JsonObject, atMs: number): TimelineStep {
  const fields = new Fields(step, '');
  fields.raw('at');
  if (!fields.bool('heal', true)) throw fields.error('heal', 'true, or leave it out');
  fields.end();
  return { atMs, action: { kind: 'heal' }, text: 'heal' };
}

/** The rules of a step, named after it unless they have names of their own. */
function stepRules(step: JsonObject, where: string, surroundings: Surroundings): Rule[] {
  if (step.preset !== undefined) {
    return presetRules({ ...step, id: where, group: where }, surroundings);
  }
  if (step.rule !== undefined) {
    const fields = new Fields(step, '');
    const rule = readRule(fields.raw('rule'), where, where);
    fields.end();
    return [rule];
  }
  if (step.match !== undefined || step.do !== undefined) return [readRule(step, where, where)];
  throw new PlanError('says nothing to do: give a preset, a rule or heal = true');
}

function setFor(atMs: number, lastsMs: number, rules: readonly Rule[]): TimelineStep[] {
  const lasts = lastsMs === Number.POSITIVE_INFINITY ? '' : ` for ${durationText(lastsMs)}`;
  const text = rules.map(ruleText).join('; ') || 'nothing, by chance';
  const set: TimelineStep = { atMs, action: { kind: 'set', rules }, text: `set${lasts} ${text}` };
  if (lastsMs === Number.POSITIVE_INFINITY) return [set];
  const names = rules.map(({ id }) => id).join('; ') || 'nothing';
  return [set, { atMs: atMs + lastsMs, action: { kind: 'remove', rules }, text: `remove ${names}` }];
}

/** One random fault every so often, each lasting between two times; all of it a function of the seed. */
function drawSchedule(value: unknown, where: string, surroundings: Surroundings): TimelineStep[] {
  const fields = new Fields(value, where);
  const fromMs = fields.duration('from', 0);
  const forMs = fields.duration('for');
  const everyMs = fields.duration('every');
  const leastMs = fields.duration('least', '500ms');
  const mostMs = fields.duration('most', '3s');
  const choose = (fields.raw('choose') ?? randomFaultNames) as unknown;
  const servers = (fields.raw('servers') ?? surroundings.servers) as unknown;
  fields.end();
  if (everyMs <= 0 || (2 * forMs) / everyMs > stepsMax) {
    throw fields.error('every', `a time above 0 that makes ${stepsMax / 2} faults or fewer`);
  }
  if (mostMs < leastMs) throw fields.error('most', `a time of at least ${durationText(leastMs)}`);
  if (!isChoice(choose)) throw fields.error('choose', `a list of faults: ${randomFaultNames.join(', ')}`);
  const least = Math.max(...choose.map(serversNeeded));
  if (!isServers(servers, least)) throw fields.error('servers', `${least} servers or more by number, as [1, 2, 3]`);
  const base = drawBase(surroundings.seed, where, 'schedule');
  const steps: TimelineStep[] = [];
  for (let n = 1, atMs = fromMs; atMs < fromMs + forMs; n++, atMs += everyMs) {
    const draw = new Draw().begin(base, n);
    const name = choose[draw.below(choose.length)] as string;
    const lastsMs = Math.min(fromMs + forMs - atMs, Math.round(leastMs + draw.unit() * (mostMs - leastMs)));
    const fault = randomFault(name, servers, draw);
    steps.push(...setFor(atMs, lastsMs, stepRules(fault, `${where}.${n} ${name}`, surroundings)));
  }
  return steps;
}

function isChoice(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => randomFaultNames.includes(item as string));
}

function isServers(value: unknown, least: number): value is readonly number[] {
  return Array.isArray(value) && value.every(isServer) && value.length >= least && new Set(value).size === value.length;
}
