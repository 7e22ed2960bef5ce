/** The page for operators is true: each section is acted out, its commands are run and print what it says. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { type Example, looksLike, readExamples } from '../support/doc-examples.js';
import { DocShell, type Ran } from '../support/doc-shell.js';
import { until } from '../support/until.js';

const page = 'docs/OPERATING.md';
const deadlineMs = 90_000;

/** What has happened when somebody turns to a section. */
const troubles: Readonly<Record<string, (shell: DocShell, folder: string) => Promise<unknown>>> = {
  'A disk is gone': (shell) => shell.daemon('server 3').kill(),
  'A machine is gone for good': (shell) => shell.daemon('server 3').kill(),
  'A log is damaged (exit 7)': async (shell, folder) => {
    await shell.run('kill -TERM $PID_2');
    const directory = path.join(folder, 'synod-data/server-2');
    const segment = readdirSync(directory).filter((name) => name.startsWith('wal-'))[0] ?? '';
    const bytes = readFileSync(path.join(directory, segment));
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    writeFileSync(path.join(directory, segment), bytes);
    const refused = await shell.run('bin/synod server --id 2 --listen 127.0.0.1:9011');
    t.equal(refused.code, 7, 'the damaged log is refused');
  },
  'The state store is damaged': async (shell, folder) => {
    await shell.run('kill -TERM $PID_1');
    rmSync(path.join(folder, 'synod-data/server-1/state/CURRENT'));
    await shell.run('bin/synod server --id 1 --listen 127.0.0.1:9010 &');
    t.ok(
      existsSync(path.join(folder, 'synod-data/server-1/state.damaged-1')),
      'it is set aside, and the server serves',
    );
    t.match(shell.daemon('server 1').stderr, /the state store is damaged/);
  },
};

interface Section {
  readonly title: string;
  readonly examples: readonly Example[];
}

function readSections(folder: string): Section[] {
  const parts = readFileSync(page, 'utf8').split(/^## /m);
  return parts.map((text) => {
    const file = path.join(folder, 'section.md');
    writeFileSync(file, text);
    return { title: text.split('\n')[0] ?? '', examples: readExamples(file, folder) };
  });
}

t.test(page, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-operating-'));
  const shell = new DocShell(folder);
  t.teardown(async () => {
    await shell.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const sections = readSections(folder);
  for (const title of Object.keys(troubles))
    t.ok(
      sections.some((section) => section.title === title),
      title,
    );
  let ran = 0;
  for (const { title, examples } of sections) {
    await troubles[title]?.(shell, folder);
    for (const { command, printed } of examples) {
      ran += 1;
      let last: Ran | undefined;
      const isDone = async (): Promise<boolean> => {
        last = await shell.run(command);
        return looksLike(printed, last.lines) && (!command.includes('--strict') || last.code === 0);
      };
      const explain = (): string => `exit ${last?.code}, it printed:\n${last?.lines.join('\n')}`;
      // All is well before long; whatever else is asked for is so at once.
      if (command.includes('status')) await until(`$ ${command} (${title})`, deadlineMs, isDone, explain);
      else t.ok(await isDone(), `$ ${command}\n${explain()}`);
    }
  }
  t.ok(ran >= 25, `${ran} commands`);
});
