/** One process per data directory, also when several start at once and when the last one was killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { lockDirectory } from '../../src/storage/index.js';

const storage = pathToFileURL(path.resolve(import.meta.dirname, '../../src/storage/index.js')).href;
const SCRIPT = `
import { lockDirectory } from ${JSON.stringify(storage)};
lockDirectory(process.argv[1]).then(
  () => { console.log('held'); setInterval(() => {}, 1000); },
  (error) => { console.log(error.code + ' ' + error.exitCode + ' ' + error.message); },
);
`;

function start(directory: string): { child: ChildProcess; said: Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = new Promise<string>((resolve) => child.stdout?.once('data', (data) => resolve(String(data))));
  return { child, said };
}

function gone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

t.test('a second process is refused, a killed one leaves no lock behind', async (t) => {
  const directory = t.testdir();
  const first = start(directory);
  t.equal(await first.said, 'held\n');
  const second = start(directory);
  t.match(
    await second.said,
    new RegExp(`^DIRECTORY_LOCKED 7 directory locked: .* in use by process ${first.child.pid}`),
  );
  await t.rejects(lockDirectory(directory), { code: 'DIRECTORY_LOCKED', exitCode: 7 });
  first.child.kill('SIGKILL');
  await gone(first.child);
  const third = await lockDirectory(directory);
  await t.rejects(lockDirectory(directory), { code: 'DIRECTORY_LOCKED' }, 'not twice by one process either');
  t.equal(fs.readdirSync(directory).length, 1, 'the stale file is gone');
  third.release();
  t.strictSame(fs.readdirSync(directory), []);
});

t.test('of eight starters at once exactly one gets it', async (t) => {
  const directory = t.testdir();
  const starters = Array.from({ length: 8 }, () => start(directory));
  const said = await Promise.all(starters.map((starter) => starter.said));
  t.equal(said.filter((text) => text === 'held\n').length, 1, said.join(''));
  for (const { child } of starters) child.kill('SIGKILL');
  await Promise.all(starters.map(({ child }) => gone(child)));
});

t.test('a pid that lives again as another process is not the owner; another container may be', async (t) => {
  const directory = t.testdir();
  const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const namespace = /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0];
  fs.writeFileSync(path.join(directory, `lock.${boot}.${namespace}.${process.ppid}.1`), 'held\n');
  fs.writeFileSync(
    path.join(directory, `lock.00000000-0000-0000-0000-000000000000.${namespace}.${process.ppid}.1`),
    'held\n',
  );
  const lock = await lockDirectory(directory);
  t.equal(fs.readdirSync(directory).length, 1, 'same pid with another start, and another boot: both stale');
  lock.release();
  fs.writeFileSync(path.join(directory, `lock.${boot}.1.${process.pid}.1`), 'held\n');
  await t.rejects(lockDirectory(directory), {
    code: 'DIRECTORY_LOCKED',
    message: /another container.*remove the file/,
  });
});
