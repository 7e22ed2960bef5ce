/** Changes JSON as a tree: values of other types and sizes in place of others, fields lost, doubled, renamed. */
import type { Prng } from '../../src/base/index.js';

const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  0.5,
  256,
  65_536,
  2 ** 31,
  2 ** 53,
  1e308,
  -1e308,
  '',
  ' ',
  '*',
  '0',
  '-1ms',
  '1e9s',
  '50%',
  'NaN',
  '__proto__',
  'constructor',
  '\u0000\u202e\ud800',
  'x'.repeat(300),
  [],
  {},
  [[[[[[]]]]]],
  { type: {} },
];

/** A changed copy of `value`; `words` are texts that mean something to the reader. */
export function mutateJson(random: Prng, value: unknown, words: readonly string[]): unknown {
  let changed = value;
  for (let i = random.between(1, 3); i > 0; i--) changed = changeOne(random, changed, words);
  return changed;
}

/** Goes down to a random place and changes what is there. */
function changeOne(random: Prng, value: unknown, words: readonly string[]): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(4, 5)) {
    const at = random.below(value.length);
    return value.map((item: unknown, place) => (place === at ? changeOne(random, item, words) : item));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(4, 5)) {
    const entries = Object.entries(value);
    if (entries.length > 0 && random.chance(3, 4)) {
      const at = random.below(entries.length);
      return Object.fromEntries(
        entries.map(([name, inner], place) => [name, place === at ? changeOne(random, inner, words) : inner]),
      );
    }
    return changeFields(random, value as Record<string, unknown>, words);
  }
  if (Array.isArray(value) && random.chance(1, 2)) return changeList(random, value as unknown[]);
  if (typeof value === 'number' && random.chance(1, 2)) return value + random.pick([-1, 1, 0.5, -2 * value, value]);
  return random.chance(1, 2) && words.length > 0 ? random.pick(words) : random.pick(odd);
}

function changeFields(random: Prng, value: Record<string, unknown>, words: readonly string[]): unknown {
  const names = Object.keys(value);
  const name = names.length === 0 ? 'x' : random.pick(names);
  const other = words.length > 0 && random.chance(3, 4) ? random.pick(words) : `${name}x`;
  const { [name]: held, ...rest } = value;
  switch (random.below(4)) {
    case 0:
      return rest;
    case 1:
      return { ...rest, [other]: held };
    case 2:
      return { ...value, [other]: random.pick(odd) };
    default:
      return { ...value, [name]: value };
  }
}

function changeList(random: Prng, value: unknown[]): unknown {
  const item = random.pick(value.length === 0 ? odd : value);
  switch (random.below(3)) {
    case 0:
      return value.slice(random.below(value.length + 1));
    case 1:
      return [...value, item];
    default:
      return new Array(random.between(2, 300)).fill(item);
  }
}
