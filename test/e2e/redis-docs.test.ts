/** The page on Redis is true: its commands are run, in order, by bash, and print what it says. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { looksLike, readExamples } from '../support/doc-examples.js';
import { freePort } from '../support/ports.js';
import { launcherFolder } from '../support/program.js';
import { noRedis } from '../support/redis-server.js';
import { until } from '../support/until.js';

const page = 'docs/REDIS.md';
const deadlineMs = 60_000;
const run = promisify(execFile);

t.setTimeout(200_000);

t.test(page, { skip: noRedis }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-redis-docs-'));
  symlinkSync(launcherFolder, path.join(folder, 'bin'));
  const daemons: ChildProcess[] = [];
  t.teardown(async () => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    await Promise.all(daemons.map((daemon) => new Promise((resolve) => daemon.once('close', resolve))));
    rmSync(folder, { recursive: true, force: true });
  });
  const ports = new Map<string, string>();
  for (const port of ['6379', '8009', '8010', '9010', '9011', '9012']) ports.set(port, `${await freePort()}`);
  const environment = { ...process.env, XDG_CONFIG_HOME: folder };
  const examples = readExamples(page, folder);
  t.ok(examples.length >= 12, `${examples.length} commands`);
  for (const { command, printed } of examples) {
    const line = command.replace(/\b(6379|80\d\d|90\d\d)\b/g, (port) => ports.get(port) ?? port);
    if (line.endsWith(' &')) {
      const options = { cwd: folder, env: environment, stdio: 'ignore' } as const;
      daemons.push(spawn('bash', ['-c', `exec ${line.slice(0, -2)}`], options));
      continue;
    }
    // What was just started needs its time; nothing here is changed by being asked twice before it is there.
    let last = '';
    await until(
      `$ ${command}`,
      deadlineMs,
      async () => {
        const isOnce = command.includes(' send ');
        const { stdout } = await run('bash', ['-c', line], { cwd: folder, env: environment }).catch((error: Error) => {
          if (isOnce) t.fail(String(error));
          return { stdout: String(error) };
        });
        last = stdout;
        return (
          looksLike(
            printed,
            stdout.split('\n').filter((text) => text !== ''),
          ) || isOnce
        );
      },
      () => `it printed:\n${last}`,
    );
    t.ok(
      looksLike(
        printed,
        last.split('\n').filter((text) => text !== ''),
      ),
      `$ ${command}\n${last}`,
    );
  }
});
