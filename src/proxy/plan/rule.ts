/** A rule: which frames, and what happens to them; read from JSON and shown as the same JSON. */

import { ruleKinds } from '../rules/index.js';
import type { RuleKind } from '../rules/rule-kind.js';
import { PlanError, quoted } from './errors.js';
import { Fields, type JsonObject } from './fields.js';
import { type Match, readMatch } from './match.js';

export interface Rule {
  /** Unique among all rules; setting another one of the same name replaces it. */
  readonly id: string;
  /** Rules that were set together, by a preset, a mode or a timeline, go together; "" for a rule of its own. */
  readonly group: string;
  readonly match: Match;
  readonly kind: RuleKind;
  readonly params: unknown;
  /** `do` as it was given. */
  readonly action: JsonObject;
}

const idCharsMax = 100;
const idForm = `1 to ${idCharsMax} printable characters without "/"`;
/** Fields of a match that say nothing about a connection that opens. */
const framesOnly: readonly string[] = ['kinds', 'classes', 'after'];

/** Reads one rule; `fallbackId` names it when it has no `id`. @throws PlanError */
export function readRule(value: unknown, fallbackId: string, group = ''): Rule {
  const fields = new Fields(value, '');
  const id = fields.text('id', fallbackId);
  if (!isRuleId(id)) {
    throw new PlanError(`id: ${quoted(id)}: give ${idForm}`);
  }
  const match = readMatch(fields.raw('match'));
  const given = fields.raw('do');
  const action: JsonObject = typeof given === 'string' ? { type: given } : (given as JsonObject);
  if (action === undefined) throw fields.error('do', 'what to do, as "drop" or {"type": "delay", "time": "200ms"}');
  const inside = new Fields(action, 'do');
  const type = inside.choice(
    'type',
    ruleKinds.map((kind) => kind.type),
  );
  const kind = ruleKinds.find((candidate) => candidate.type === type) as RuleKind;
  const params = kind.read(inside);
  inside.end();
  const ofFrames = Object.keys(match.shown).find((name) => framesOnly.includes(name));
  if (kind.opening !== undefined && ofFrames !== undefined) {
    throw new PlanError(`match.${ofFrames} is about frames, and ${type} about connections that open: leave it out`);
  }
  const ownGroup = fields.text('group', group);
  if (ownGroup !== '' && !isRuleId(ownGroup)) throw fields.error('group', `what an id may be: ${idForm}`);
  fields.end();
  return { id, group: ownGroup, match, kind, params, action };
}

/** What can stand in the path of an API call and on one line of a log. */
export function isRuleId(id: string): boolean {
  return (
    id.length >= 1 &&
    id.length <= idCharsMax &&
    /^[\x21-\x7e\u00a1-\uffff][\x20-\x7e\u00a1-\uffff]*$/.test(id) &&
    !id.includes('/') &&
    id !== '.' &&
    id !== '..'
  );
}

/** The rule in the form in which {@link readRule} takes it. */
export function shownRule({ id, group, match, action }: Rule): JsonObject {
  return { id, ...(group === '' ? {} : { group }), match: match.shown, do: action };
}

/** One line for logs. */
export function ruleText({ id, match, kind, params }: Rule): string {
  const { from, to, ...rest } = match.shown;
  const what = Object.keys(rest).length === 0 ? '' : ` of ${JSON.stringify(rest)}`;
  return `${id}: ${kind.describe(params)} on ${JSON.stringify(from)}>${JSON.stringify(to)}${what}`;
}
