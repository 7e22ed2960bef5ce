/** The pages about the fault proxy are true: every command in them, run on a demo's cluster, prints what they say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { type ExampleWorld, looksLike, readExamples, runExample } from '../support/doc-examples.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';

/** A demo as the pages begin with it, its chat open. */
async function startDemo(folder: string): Promise<{ demo: Program; world: ExampleWorld }> {
  const env = { XDG_CONFIG_HOME: path.join(folder, 'config'), TMPDIR: folder };
  const demo = new Program('synod', ['demo', '--listen', '127.0.0.1:0', '--json', '--name', 'aaron'], { env });
  await demo.waitForLine('a connection', (line) => line.includes('"event":"connected"'), 60_000);
  const said = demo.stderr;
  const api = /--api (\S+)/.exec(said)?.[1] ?? 'localhost:8474';
  const balancer = /^balancer +(\S+)/m.exec(said)?.[1] ?? '';
  const server = (id: number): string => new RegExp(`^server ${id} +(\\S+)`, 'm').exec(said)?.[1] ?? '';
  return { demo, world: { api, balancer, server, folder, env } };
}

for (const page of ['docs/BREAK-A-CHAT.md', 'docs/PROXY.md']) {
  t.test(page, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'synod-docs-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const { demo, world } = await startDemo(folder);
    t.teardown(() => demo.kill());
    demo.write('good morning\n');
    await demo.waitForLine('the first line', (line) => line.includes('"text":"good morning"'), 20_000);
    const examples = readExamples(page, folder);
    t.ok(examples.length > 5, `${examples.length} commands`);
    for (const example of examples) {
      const lines = await runExample(example, world);
      const said = `said:\n${lines.join('\n')}\nthe page says:\n${example.printed.join('\n')}`;
      t.ok(looksLike(example.printed, lines), `$ ${example.command}\n${said}`);
    }
    demo.write('the end\n');
    await demo.waitForLine('the last line', (line) => line.includes('"text":"the end"'), 30_000);
    demo.endInput();
    await until('the end of the demo', 30_000, () => demo.exit !== undefined);
    t.equal(demo.exit?.code, 0);
  });
}
