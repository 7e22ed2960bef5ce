/** Of several sources the strongest wins: for every option of every command, and every combination of sources. */
import { stringify } from 'smol-toml';
import t from 'tap';
import type { CommandSpec, Layer, OptionSpec } from '../../../src/cli/command.js';
import { oldSpellings } from '../../../src/cli/command-table.js';
import { merge } from '../../../src/cli/config/merge.js';
import { layersOf, readContents } from '../../../src/cli/config/sections.js';
import { configurable, optionsOf, sectionOf } from '../../../src/cli/config/table.js';
import { variableLayer, variablesOf } from '../../../src/cli/config/variables.js';
import { parse } from '../../../src/cli/parse.js';

/** The strongest first, as docs/CONFIGURATION.md has them. */
const sources = ['flag', 'own variable', 'general variable', 'section', 'top'] as const;
type Source = (typeof sources)[number];

const words = ({ name }: CommandSpec) => name.replaceAll(' ', '_').toUpperCase();
const variable = (name: string) => name.replaceAll('-', '_').toUpperCase();

/** What the sources say, brought together as the program does it. */
function layersFor(spec: CommandSpec, name: string, said: ReadonlyMap<Source, string | boolean>): readonly Layer[] {
  const flag = said.get('flag');
  const own = said.get('own variable');
  const general = said.get('general variable');
  const section = said.get('section');
  const top = said.get('top');
  const environment = {
    ...(own === undefined ? {} : { [`SYNOD_${words(spec)}_${variable(name)}`]: String(own) }),
    ...(general === undefined ? {} : { [`SYNOD_${variable(name)}`]: String(general) }),
  };
  const nested = sectionOf(spec)
    .split('.')
    .reduceRight<object>((below, word) => ({ [word]: below }), section === undefined ? {} : { [name]: section });
  const document = { ...(top === undefined ? {} : { [name]: top }), ...nested };
  const contents = readContents({ name: 'c.toml', text: stringify(document) }, configurable);
  if (contents.problems.length > 0) throw new Error(`a right file is refused: ${JSON.stringify(contents.problems)}`);
  const { flags } = parse(spec, flag === undefined ? [] : [`--${name}=${flag}`]);
  return [flags, variableLayer(spec, environment).layer, ...layersOf(contents, spec)];
}

/** Which sources may speak for an option: `top` also not where a section has the option's name. */
function sourcesOf(option: OptionSpec): readonly Source[] {
  const own = option.general === false ? sources.filter((one) => one !== 'general variable' && one !== 'top') : sources;
  const isSection = configurable.some((spec) => sectionOf(spec).split('.')[0] === option.name);
  return isSection ? own.filter((one) => one !== 'top') : own;
}

t.test('options with a value', async (t) => {
  let cases = 0;
  for (const spec of configurable) {
    for (const option of optionsOf(spec).filter(
      ({ value, comesWith }) => value !== undefined && comesWith === undefined,
    )) {
      const able = sourcesOf(option);
      for (let set = 0; set < 1 << able.length; set++) {
        const saying = able.filter((_, index) => (set & (1 << index)) !== 0);
        const said = new Map(saying.map((source) => [source, `from ${source}`]));
        const options = merge(spec, layersFor(spec, option.name, said));
        const wanted = saying[0] === undefined ? option.default : `from ${saying[0]}`;
        const found = option.repeats === true ? options.texts(option.name)[0] : options.text(option.name);
        if (found !== wanted) t.equal(found, wanted, `${spec.name} --${option.name}: ${saying.join(', ')}`);
        cases++;
      }
    }
  }
  t.ok(cases > 1_500, `${cases} combinations`);
});

t.test('switches, which a stronger source may take back', async (t) => {
  let cases = 0;
  for (const spec of configurable) {
    for (const option of optionsOf(spec).filter(({ value }) => value === undefined)) {
      const able = sourcesOf(option);
      for (let set = 0; set < 3 ** able.length; set++) {
        const said = new Map<Source, boolean>();
        able.forEach((source, index) => {
          const word = Math.floor(set / 3 ** index) % 3;
          if (word > 0) said.set(source, word === 1);
        });
        const options = merge(spec, layersFor(spec, option.name, said));
        const wanted = [...said.values()][0] ?? false;
        if (options.has(option.name) !== wanted) t.fail(`${spec.name} --${option.name}: ${[...said].join(' ')}`);
        cases++;
      }
    }
  }
  t.ok(cases > 3_000, `${cases} combinations`);
});

t.test("an old spelling's default is weaker than a file", async (t) => {
  const spelling = oldSpellings.find(({ program }) => program === 'srunner');
  const spec = configurable.find(({ name }) => name === 'server') as CommandSpec;
  const { layer } = variableLayer(spec, { SYNOD_SERVER_ID: '7' });
  t.equal(merge(spec, [layer], spelling).text('id'), '7');
  t.equal(merge(spec, [], spelling).text('id'), '0');
  t.equal(merge(spec, []).text('id'), undefined);
});

t.test('an option names the place that set it', async (t) => {
  const spec = configurable.find(({ name }) => name === 'server') as CommandSpec;
  const layers = layersFor(spec, 'fsync', new Map([['section', 'never'] as const]));
  t.equal(merge(spec, layers).label('fsync'), 'c.toml:2 [server] fsync');
  t.equal(merge(spec, []).label('fsync'), '--fsync');
});

t.test('secrets: from files that are named, or from the environment, and nothing else', async (t) => {
  const option: OptionSpec = { name: 'secret-file', value: 'FILE', help: 'the secret of the cluster', secret: true };
  const spec = { ...(configurable.find(({ name }) => name === 'server') as CommandSpec), options: [option] };
  t.strictSame(
    variablesOf(spec, option).map(({ name }) => name),
    ['SYNOD_SERVER_SECRET', 'SYNOD_SERVER_SECRET_FILE', 'SYNOD_SECRET', 'SYNOD_SECRET_FILE'],
  );
  const { layer } = variableLayer(spec, { SYNOD_SECRET: 'hush', SYNOD_SECRET_FILE: '/x' });
  const fromEnvironment = merge(spec, [layer]);
  t.strictSame(fromEnvironment.secret('secret-file'), { kind: 'text', text: 'hush', label: 'SYNOD_SECRET' });
  t.equal(fromEnvironment.text('secret-file'), undefined, 'a secret is no path');
  const { flags } = parse(spec, ['--secret-file', '/run/secret']);
  const named = { kind: 'file', file: '/run/secret', label: '--secret-file' };
  t.strictSame(merge(spec, [flags, layer]).secret('secret-file'), named, 'a flag is stronger');
  const contents = readContents({ name: 'c.toml', text: '[server]\nsecret = "hush"\nsecret-file = "/y"' }, [spec]);
  t.strictSame(contents.problems, [
    {
      line: 2,
      text: '[server] secret: a secret does not stand in this file: write it into a file of its own and name that as secret-file, or set SYNOD_SECRET',
    },
  ]);
  t.match(merge(spec, layersOf(contents, spec)).secret('secret-file'), { kind: 'file', file: '/y' });
});
