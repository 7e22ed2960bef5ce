/** /rules and /heal: set rules and presets, list them with what came of them, take them away. */
import type { Faults } from '../engine/faults.js';
import { inPlace, PlanError } from '../plan/errors.js';
import { Fields, isObject, type JsonObject } from '../plan/fields.js';
import { presetRules } from '../plan/presets.js';
import { type Rule, readRule, ruleText, shownRule } from '../plan/rule.js';
import { type RuleCount, rulesMax } from '../plan/rule-book.js';
import { ruleWarning } from '../plan/rule-warning.js';
import type { Controlled } from '../server.js';
import { ApiError, type Route } from './route.js';

export function ruleRoutes(controlled: Controlled): Route[] {
  const { faults } = controlled.world;
  return [
    {
      method: 'GET',
      path: '/rules',
      handle: () => ({ status: 200, body: { seed: faults.book.seed, rules: faults.book.list().map(shown) } }),
    },
    {
      method: 'POST',
      path: '/rules',
      handle: async (request) => {
        const body = await request.json();
        const rules = readRules(body, faults);
        const ids = new Set(faults.book.list().map(({ rule }) => rule.id));
        for (const { id } of rules) ids.add(id);
        if (ids.size > rulesMax) throw new ApiError(400, `${ids.size} rules: ${rulesMax} at most; DELETE /rules first`);
        faults.setRules(rules);
        const links = [...faults.links];
        const warnings = rules.flatMap((rule) => ruleWarning(rule, links) ?? []);
        const set = new Set(rules.map(({ id }) => id));
        return {
          status: 201,
          body: {
            rules: faults.book
              .list()
              .filter(({ rule }) => set.has(rule.id))
              .map(shown),
            warnings,
          },
        };
      },
    },
    {
      method: 'DELETE',
      path: '/rules',
      handle: () => {
        faults.heal();
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/rules/:rule',
      handle: (request) => {
        return { status: 200, body: { rules: named(faults, request.param('rule')).map(shown) } };
      },
    },
    {
      method: 'DELETE',
      path: '/rules/:rule',
      handle: (request) => {
        faults.removeRules(named(faults, request.param('rule')).map(({ rule }) => rule.id));
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: '/heal',
      handle: () => {
        // Its rules are named as healed, too, so the timeline's end takes none away before that.
        const healed = controlled.heal();
        controlled.timeline.stop();
        return { status: 200, body: healed };
      },
    },
  ];
}

/** Rules by their own name, or by that of the group they were set with. @throws ApiError 404 */
function named({ book }: Faults, name: string): RuleCount[] {
  const found = book.list().filter(({ rule }) => rule.id === name || rule.group === name);
  if (found.length > 0) return found;
  throw new ApiError(404, `no rule and no group is named ${JSON.stringify(name)}: GET /rules lists them`);
}

/** One rule, one preset, a list of these, or `{"rules": [...]}`. @throws PlanError that names the place in the list. */
function readRules(body: unknown, faults: Faults): Rule[] {
  const list = isObject(body) && 'rules' in body ? listIn(body) : body;
  const around = { servers: faults.servers, seed: faults.book.seed };
  const read = (value: unknown): Rule[] =>
    isObject(value) && value.preset !== undefined
      ? presetRules(value, around)
      : [readRule(value, faults.book.nextId())];
  if (!Array.isArray(list)) return read(list);
  if (list.length > rulesMax) throw new PlanError(`${list.length} rules: give ${rulesMax} at most`);
  const rules = list.flatMap((value: unknown, place) => inPlace(`rules[${place}]`, () => read(value)));
  const twice = rules.find(({ id }, place) => rules.findIndex((other) => other.id === id) !== place);
  if (twice === undefined) return rules;
  throw new PlanError(`two of these rules are named ${JSON.stringify(twice.id)}: give each a name of its own`);
}

function listIn(body: JsonObject): unknown {
  const fields = new Fields(body, '');
  const list = fields.raw('rules');
  fields.end();
  if (!Array.isArray(list)) throw fields.error('rules', 'a list of rules and presets');
  return list;
}

function shown({ rule, matched, applied }: RuleCount): Record<string, unknown> {
  return { ...shownRule(rule), text: ruleText(rule), matched, applied };
}
