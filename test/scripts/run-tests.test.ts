/** The test runner as a program: its last line, its exit code, and what it does with files that crash or never end. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const runner = fileURLToPath(new URL('../../scripts/run-tests.js', import.meta.url));
const good = "console.log('TAP version 14\\nok 1 - a\\nok 2 - b\\nok 3 - c # SKIP not here\\n1..3');";

/** Makes a project of test files, given as name → compiled JavaScript (undefined: never compiled), and runs it. */
function run(root: string, files: Record<string, string | undefined>, args: readonly string[] = []) {
  for (const [name, code] of Object.entries(files)) {
    const source = path.join(root, 'test', `${name}.test.ts`);
    mkdirSync(path.dirname(source), { recursive: true });
    writeFileSync(source, '');
    const compiled = path.join(root, 'dist/test', `${name}.test.js`);
    mkdirSync(path.dirname(compiled), { recursive: true });
    if (code !== undefined) writeFileSync(compiled, code);
  }
  const done = spawnSync(process.execPath, [runner, '--root', root, ...args], { encoding: 'utf8' });
  const lines = done.stdout.trimEnd().split('\n');
  return { code: done.status, out: done.stdout, err: done.stderr, last: lines.at(-1), lines };
}

/** Whether a process still runs; one that ended and waits to be reaped does not. */
function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

t.test('all good: one line of totals, exit 0', async (t) => {
  const result = run(t.testdir(), { 'x/a': good, 'y/b': good });
  t.equal(result.last, '4 passed, 0 failed, 2 skipped');
  t.equal(result.code, 0);
  t.equal(result.lines.filter((line) => /passed, /.test(line)).length, 1, 'exactly one such line');
});

t.test('a file that crashes on import fails the run and shows why', async (t) => {
  const result = run(t.testdir(), { 'x/a': good, 'x/crash': "import './gone.js';" });
  t.equal(result.last, '2 passed, 1 failed, 1 skipped');
  t.equal(result.code, 1);
  t.match(result.out, /test\/x\/crash\.test\.ts: ran no test/);
  t.match(result.out, /gone\.js/);
});

t.test('a file that was not compiled, and a file that runs nothing, fail the run', async (t) => {
  const result = run(t.testdir(), { missing: undefined, nothing: '' });
  t.equal(result.last, '0 passed, 2 failed, 0 skipped');
  t.equal(result.code, 1);
  t.match(result.out, /missing: npm run build/);
});

t.test('a failed assertion is printed with its file', async (t) => {
  const code = "console.log('TAP version 14\\nnot ok 1 - two is three\\n1..1'); process.exitCode = 1;";
  const result = run(t.testdir(), { 'x/bad': code });
  t.equal(result.last, '0 passed, 1 failed, 0 skipped');
  t.match(result.out, /test\/x\/bad\.test\.ts: two is three/);
});

t.test('a file that never ends is stopped together with what it started', async (t) => {
  const root = t.testdir();
  const code = `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
writeFileSync('child.pid', String(child.pid));
setInterval(() => {}, 1000);`;
  const result = run(root, { hangs: code }, ['--timeout', '1']);
  t.equal(result.last, '0 passed, 1 failed, 0 skipped');
  t.match(result.out, /longer than 1 s/);
  const pid = Number(readFileSync(path.join(root, 'child.pid'), 'utf8'));
  for (const deadline = Date.now() + 5_000; isRunning(pid) && Date.now() < deadline; ) await setTimeout(20);
  t.notOk(isRunning(pid), 'the process that the test had started is gone');
});

t.test('nothing to run is a failure, a filter that matches nothing too', async (t) => {
  const none = run(t.testdir(), {});
  t.equal(none.last, '0 passed, 1 failed, 0 skipped');
  t.equal(none.code, 1);
  const filtered = run(t.testdir(), { a: good }, ['nowhere']);
  t.equal(filtered.code, 1);
  t.match(filtered.out, /no test file found for nowhere/);
});

t.test('what is long runs only when it is asked for', async (t) => {
  const files = { 'x/a': good, 'long/b': good };
  const all = run(t.testdir(), files);
  t.equal(all.last, '2 passed, 0 failed, 1 skipped');
  t.notMatch(all.out, 'long/b');
  const long = run(t.testdir(), files, ['test/long']);
  t.equal(long.last, '2 passed, 0 failed, 1 skipped');
  t.match(long.out, 'test/long/b');
});

t.test('what mostly waits goes beside what computes, and each file runs once', async (t) => {
  const meets = (own: string, other: string): string => `import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
writeFileSync('${own}', '');
for (const end = Date.now() + 10_000; !existsSync('${other}') && Date.now() < end; ) await setTimeout(20);
console.log(existsSync('${other}') ? 'ok 1 - it came' : 'not ok 1 - it came', '\\n1..1');`;
  const files = { 'redis/a': meets('a', 'x'), 'x/b': meets('x', 'a'), 'redis/c': good, 'x/d': good, 'e2e/e': good };
  const result = run(t.testdir(), files, ['--jobs', '1']);
  t.equal(result.last, '8 passed, 0 failed, 3 skipped', result.out);
});

t.test('a wrong option is a usage error', async (t) => {
  const result = run(t.testdir(), { a: good }, ['--fast']);
  t.equal(result.code, 2);
  t.match(result.err, /unknown option --fast/);
});
