/** Configuration files and variables, as users and machines write them. */

import { conflictsInFile } from '../../../src/cli/config/conflicts.js';
import { defaultLines } from '../../../src/cli/config/default-text.js';
import { readContents } from '../../../src/cli/config/sections.js';
import { textsOf, wrongIn } from '../../../src/cli/config/sources.js';
import { configurable, optionsOf, sectionOf } from '../../../src/cli/config/table.js';
import { variableLayer } from '../../../src/cli/config/variables.js';
import { demand, reasonText, type Target } from '../target.js';

const keys = [...new Set(configurable.flatMap((spec) => optionsOf(spec).map(({ name }) => name)))];

/** The text as a file, and as the value of every variable. */
export const configuration: Target = {
  name: 'configuration',
  about: 'configuration files, with right and wrong sections, keys and values; the same text in variables',
  seeds: () =>
    [
      ...configurable.map((spec) => defaultLines([spec]).join('\n').replaceAll('\n#', '\n')),
      'log-level = "warn"\nbalancer = ["a:1",\n"b:2"]\n[server]\nid = 1\n[server.replace]\nwith = 2\n',
      '[bench.run]\nfault = ["5s kill leader"]\nno-fsync = true\n[[proxy]]\nlink = """\n1=a:1"""\n',
    ].map((text) => Buffer.from(text)),
  words: [
    ...keys.map((name) => `\n${name} = `),
    ...configurable.map((spec) => `\n[${sectionOf(spec)}]\n`),
    ...['"', "'''", '"""', '[[', ']', '{', ' = ', 'true', '1979-05-27', '0x', 'inf', '\r\n', '\ufeff', '__proto__.'],
  ],
  read: async (input) => {
    const text = input.toString('utf8');
    const contents = readContents({ name: 'c.toml', text }, configurable);
    const lines = text.split('\n').length;
    for (const { line } of [...contents.problems, ...contents.entries]) {
      demand(line >= 1 && line <= lines, `line ${line} of ${lines}`);
    }
    const problems = textsOf(await wrongIn(contents));
    for (const { line } of await conflictsInFile(contents, {})) demand(line >= 1 && line <= lines, `line ${line}`);
    demand(problems.length >= (contents.problems.length > 0 ? 1 : 0), 'a problem is not told');
    for (const spec of configurable) {
      const environment = Object.fromEntries(
        keys.map((name) => [`SYNOD_${name.replaceAll('-', '_').toUpperCase()}`, text]),
      );
      variableLayer(spec, environment);
    }
    const [first = ''] = problems;
    return `${Math.min(3, contents.entries.length)} entries, ${Math.min(3, problems.length)}: ${reasonText(new Error(first))}`;
  },
};
