/** Rules by name: cuts and partitions of whole groups of servers, and slow or lossy links. */
import { Draw, drawBase, hashText } from './draw.js';
import { isServer, serverRange } from './ends.js';
import { PlanError, quoted } from './errors.js';
import { Fields, type JsonObject } from './fields.js';
import { readProbability } from './match.js';
import { type Rule, readRule } from './rule.js';

/** Who is there when a preset is laid out, and the chance of the random one. */
export interface Surroundings {
  /** Servers known so far. */
  readonly servers: readonly number[];
  readonly seed: number;
}

interface Preset {
  readonly about: string;
  readonly fields: string;
  /** Rules without ids; reads its own fields. */
  readonly rules: (fields: Fields, surroundings: Surroundings, name: string) => readonly JsonObject[];
}

const drop = { type: 'drop' };
/** Leaves room for the number of a rule behind it. */
const nameCharsMax = 80;

const presets: Readonly<Record<string, Preset>> = {
  cut: {
    about: 'nothing passes between a and b; with oneWay nothing from a to b',
    fields: 'a, b, oneWay',
    rules(fields) {
      const [a, b] = ends(fields);
      return between(a, b, fields.bool('oneWay', false)).map((match) => ({ match, do: drop }));
    },
  },
  isolate: {
    about: 'nothing passes between server and any other',
    fields: 'server',
    rules(fields) {
      const server = fields.integer('server', serverRange);
      return between(server, '*', false).map((match) => ({ match, do: drop }));
    },
  },
  halves: {
    about: 'nothing passes between the groups of servers, a list of lists',
    fields: 'groups',
    rules: (fields) => apart(groupsOf(fields)),
  },
  bridge: {
    about: 'as halves, but server hears and reaches both sides',
    fields: 'server, servers',
    rules(fields, surroundings) {
      const server = fields.integer('server', serverRange);
      const others = serversOf(fields, surroundings, 3).filter((id) => id !== server);
      const half = Math.ceil(others.length / 2);
      return apart([others.slice(0, half), others.slice(half)]);
    },
  },
  ring: {
    about: 'each server talks to a majority, its neighbours in a ring, no two to the same one; needs five or more',
    fields: 'servers',
    rules(fields, surroundings) {
      const ids = serversOf(fields, surroundings, 5);
      const reach = Math.ceil(Math.floor(ids.length / 2) / 2);
      return pairs(ids)
        .filter(([, , i, j]) => Math.min(j - i, ids.length - (j - i)) > reach)
        .map(([a, b]) => ({ match: { from: [a, b], to: [a, b] }, do: drop }));
    },
  },
  random: {
    about: 'each direction of each link is cut with probability (0.5), drawn from the seed',
    fields: 'servers, probability',
    rules(fields, surroundings, name) {
      const probability = fields.number('probability', { least: 0, most: 1 }, 0.5);
      const draw = new Draw().begin(drawBase(surroundings.seed, 'random', name), 1);
      return pairs(serversOf(fields, surroundings, 2))
        .flatMap(([a, b]) => [
          { from: a, to: b },
          { from: b, to: a },
        ])
        .filter(() => draw.unit() < probability)
        .map((match) => ({ match, do: drop }));
    },
  },
  delay: {
    about: 'frames between a and b are late: time, or any other fields of the rule delay; kinds narrows it',
    fields: 'a, b, oneWay, kinds, and those of the rule delay',
    rules(fields) {
      const [a, b] = ends(fields);
      const kinds = kindsOf(fields);
      const action: Record<string, unknown> = { type: 'delay' };
      for (const name of ['distribution', 'time', 'least', 'most', 'mean', 'deviation']) {
        if (fields.has(name)) action[name] = fields.raw(name);
      }
      return between(a, b, fields.bool('oneWay', false)).map((match) => ({
        match: { ...match, ...kinds },
        do: action,
      }));
    },
  },
  loss: {
    about: 'frames between a and b are lost with probability; kinds narrows it',
    fields: 'a, b, oneWay, kinds, probability',
    rules(fields) {
      const [a, b] = ends(fields);
      const chance = { probability: readProbability('probability', fields.raw('probability')), ...kindsOf(fields) };
      return between(a, b, fields.bool('oneWay', false)).map((match) => ({ match: { ...match, ...chance }, do: drop }));
    },
  },
};

/** Names, fields and meaning, for documents and for errors. */
export const presetList: readonly { readonly name: string; readonly fields: string; readonly about: string }[] =
  Object.entries(presets).map(([name, { fields, about }]) => ({ name, fields, about }));

/** The rules of `{"preset": NAME, …}`, named after it and grouped under its name. @throws PlanError */
export function presetRules(value: JsonObject, surroundings: Surroundings): Rule[] {
  const fields = new Fields(value, '');
  const preset = presets[fields.choice('preset', Object.keys(presets))] as Preset;
  const { preset: name, id: _id, group: _group, ...given } = value;
  const words = Object.entries(given).filter(([, item]) => item !== null);
  const own = fields.text('id', shortName([String(name), ...words.map(wordOf)].join(' ')));
  const groupName = fields.text('group', own);
  const rules = preset.rules(fields, surroundings, own);
  fields.end();
  return rules.map((rule, place) => {
    const isAlone = rules.length === 1;
    return readRule({ ...rule, id: isAlone ? own : `${own} #${place + 1}` }, own, groupName);
  });
}

/** A made-up name that is long keeps its beginning, and becomes unique by what it stands for. */
function shortName(name: string): string {
  return name.length <= nameCharsMax ? name : `${name.slice(0, nameCharsMax - 9)} ${hashText(name).toString(16)}`;
}

/** A field in the name of a preset's rules: `oneWay`, `3`, `accept,commit`, `1,2|3`. */
function wordOf([field, value]: readonly [string, unknown]): string {
  if (value === true) return field;
  const join = (item: unknown): string => (Array.isArray(item) ? item.join(',') : String(item));
  return (Array.isArray(value) && Array.isArray(value[0]) ? value.map(join).join('|') : join(value)).replaceAll(
    '/',
    '|',
  );
}

type Ends = readonly [number | string, number | string];

function ends(fields: Fields): Ends {
  const [a, b] = ['a', 'b'].map((name) => {
    const value = fields.raw(name);
    if (value === '*' || value === 'client') return value;
    return fields.integer(name, serverRange);
  });
  if (a === b && a !== '*') throw fields.error('b', 'another end than a');
  return [a as number | string, b as number | string];
}

function kindsOf(fields: Fields): JsonObject {
  return {
    ...(fields.has('kinds') ? { kinds: fields.raw('kinds') } : {}),
    ...(fields.has('classes') ? { classes: fields.raw('classes') } : {}),
  };
}

function between(a: number | string, b: number | string, oneWay: boolean): JsonObject[] {
  return oneWay || a === b
    ? [{ from: a, to: b }]
    : [
        { from: a, to: b },
        { from: b, to: a },
      ];
}

/** Nothing between any two groups. */
function apart(groups: readonly (readonly number[])[]): JsonObject[] {
  return pairs(groups).flatMap(([a, b]) =>
    a.length === 0 || b.length === 0
      ? []
      : [
          { match: { from: a, to: b }, do: drop },
          { match: { from: b, to: a }, do: drop },
        ],
  );
}

function groupsOf(fields: Fields): number[][] {
  const groups = fields.raw('groups');
  const isList = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 && value.every(isServer);
  if (!Array.isArray(groups) || groups.length < 2 || !groups.every(isList)) {
    throw fields.error('groups', 'two or more lists of servers, as [[1, 2], [3]]');
  }
  const all = groups.flat() as number[];
  if (new Set(all).size !== all.length) throw fields.error('groups', 'each server in one group only');
  return groups as number[][];
}

function serversOf(fields: Fields, { servers }: Surroundings, least: number): number[] {
  const given = fields.raw('servers') ?? servers;
  const ids = Array.isArray(given) ? [...new Set(given as unknown[])] : [];
  if (ids.length < least || !ids.every(isServer)) {
    throw new PlanError(`servers: ${quoted(given)}: this preset needs at least ${least}; name them in "servers"`);
  }
  return ids.sort((x, y) => x - y);
}

/** Every two items, with their places. */
function pairs<T>(items: readonly T[]): [T, T, number, number][] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b, k): [T, T, number, number] => [a, b, i, i + 1 + k]));
}
