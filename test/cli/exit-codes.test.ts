/** Exit codes and the one clear line behind each, for everything that needs no running cluster. */
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { run, start, until } from './program.js';

// Thirty processes, one after the other, on a machine that may be busy.
t.setTimeout(180_000);

const nobody = '127.0.0.1:1';
const cases: readonly { program?: string; args: string[]; code: number; says: RegExp }[] = [
  { args: [], code: 2, says: /which command\? One of demo, balancer/ },
  { args: ['chta'], code: 2, says: /no command 'chta' - did you mean chat \?; see synod --help/ },
  {
    args: ['chat', '--nmae', 'x'],
    code: 2,
    says: /unknown option '--nmae' - did you mean --name \?; see synod chat --help/,
  },
  { args: ['chat', '--name', 'a b'], code: 2, says: /'a b' is no name/ },
  { args: ['chat', '--history', 'some'], code: 2, says: /--history takes all or a number/ },
  { args: ['server'], code: 2, says: /Give --id N/ },
  { args: ['server', '--id', '1', '--memory', '--data-dir', 'd'], code: 2, says: /leave out --memory or --data-dir/ },
  { args: ['server', '--id', '1', '--memory', '--fsync=always'], code: 2, says: /leave out --memory or --fsync/ },
  { args: ['server', '--id', '1', '--memory', '--retain', '16MiB'], code: 2, says: /32MiB or more/ },
  { args: ['server', 'replce', '3'], code: 2, says: /did you mean synod server replace \?/ },
  { args: ['server', 'replace'], code: 2, says: /which server is replaced\?.*see synod server replace --help/ },
  { args: ['server', 'replace', '3'], code: 2, says: /Give --with NEW/ },
  { args: ['server', 'replace', '3', '--with', '3'], code: 2, says: /that no server ever had; .* lost its disk/ },
  { args: ['server', 'replace', '3', '--wiht', '4'], code: 2, says: /did you mean --with \?/ },
  { args: ['server', 'replace', '3', '--with', '4', '--balancer', nobody], code: 4, says: /No balancer at 127/ },
  {
    args: ['server', 'replace', '3', '--with', '4', '--server', nobody, '--timeout', '1s'],
    code: 4,
    says: /no server answers at 127\.0\.0\.1:1/,
  },
  { args: ['balancer', '--servers', '4'], code: 2, says: /odd number, not 4: try 5/ },
  { args: ['bench'], code: 2, says: /what\? One of bench run, bench report/ },
  { args: ['bench', 'rnu'], code: 2, says: /what\? One of bench run, bench report/ },
  { args: ['bench', 'run', '-rate=0'], code: 2, says: /--rate takes a whole number/ },
  { args: ['bench', 'run', '--out', 'no-folder/x.json'], code: 3, says: /cannot write no-folder\/x\.json \(ENOENT\)/ },
  { args: ['bench', 'run', '--balancer', nobody, '--timeout', '1s'], code: 4, says: /No balancer at 127/ },
  { args: ['bench', 'report'], code: 2, says: /which results\?/ },
  { args: ['bench', 'report', 'nowhere.json'], code: 3, says: /nowhere\.json: there is no such file\. Give a file/ },
  {
    args: ['server', '--id', '1', '--mode', 'x:10'],
    code: 2,
    says: /'x:10' is no fault: .* p prepare, a accept, c commit/,
  },
  { args: ['server', '--id', '1', '--mode', 'p:-1'], code: 2, says: /'p:-1' is no fault/ },
  { args: ['server', '--id', '1', '--mode', 'p'], code: 2, says: /'p' is no fault/ },
  { args: ['proxy', '--mode', 'p:10'], code: 2, says: /--mode takes ID=SPEC/ },
  { args: ['proxy', '--mode', '1=q:10'], code: 2, says: /'q:10' is no fault/ },
  { args: ['proxy', '--link', '9110'], code: 2, says: /--link takes PORT=HOST:PORT/ },
  { args: ['proxy', '--seed', '-1'], code: 2, says: /--seed takes a whole number/ },
  {
    args: ['proxy', '--api', '127.0.0.1:0', '--config', 'nowhere.json'],
    code: 3,
    says: /nowhere\.json: .* Write a list/,
  },
  { args: ['link'], code: 2, says: /what\? One of ls, cut/ },
  { args: ['link', 'cut', '1'], code: 2, says: /cut takes A B/ },
  { args: ['link', 'cut', '1', 'two'], code: 2, says: /cut: "two" is no server; give its number, as 1 or s1/ },
  {
    args: ['link', 'delay', '1', '2', 'soon±1ms'],
    code: 2,
    says: /"soon" is no time up to 24h; write it with its unit/,
  },
  { args: ['link', 'loss', '1', '2', '1.2.3'], code: 2, says: /"1\.2\.3" is no probability; give 0 to 1/ },
  { args: ['link', 'isolate', '1', '--one-way'], code: 2, says: /--one-way goes with cut, delay and loss/ },
  { args: ['link', 'heal', '--kind', 'accept'], code: 2, says: /--kind goes with cut, delay and loss/ },
  { args: ['proxy', '--api', ''], code: 2, says: /nothing to do: give --master, --link or --api/ },
  {
    args: ['proxy', '--api', '', '--link', '0=h:1', '--config', 'x'],
    code: 2,
    says: /--config lists proxies.*give --api too/,
  },
  {
    args: ['proxy', '--api', '127.0.0.1:0', '--link', '28999=127.0.0.1:28999'],
    code: 3,
    says: /upstream 127\.0\.0\.1:28999 is the proxy's own address/,
  },
  {
    args: ['link', 'ls', '--api', '127.0.0.1:1'],
    code: 4,
    says: /No fault proxy answers at 127\.0\.0\.1:1 .*synod proxy.*--api/,
  },
  { args: ['fault'], code: 2, says: /what\? One of: run FILE/ },
  { args: ['fault', 'run', 'nowhere.toml'], code: 3, says: /nowhere\.toml: .* Write TOML/ },
  { args: ['log', 'mend', 'x'], code: 2, says: /log dump DIR, or log check DIR/ },
  { args: ['log', 'check', './nothing-here'], code: 3, says: /nothing-here does not exist/ },
  {
    args: ['status', '--balancer', nobody, '--timeout', '1s'],
    code: 4,
    says: /No balancer at 127\.0\.0\.1:1 .*Start one: synod balancer/,
  },
  { args: ['status', '--servers', nobody], code: 4, says: /no server answers/ },
  { args: ['verify', '--balancer', nobody, '--timeout', '1s'], code: 4, says: /No balancer/ },
  { args: ['tail', '--balancer', nobody, '--timeout', '1s'], code: 4, says: /No balancer/ },
  { args: ['tail', '--server', nobody, '--timeout', '1s'], code: 4, says: /no server answers/ },
  { args: ['send', '--balancer', nobody, '--timeout', '500ms', '--', 'x'], code: 4, says: /No balancer/ },
  { args: ['chat', '--balancer', nobody, '--timeout', '500ms'], code: 4, says: /No balancer/ },
  { program: 'srunner', args: ['port=9010'], code: 2, says: /did you mean -port=9010 \?; see srunner --help/ },
  { program: 'srunner', args: ['-mode=p:10::z:20', '-id=1'], code: 2, says: /--mode: 'z:20' is no fault/ },
  { program: 'test1', args: [`-master=${nobody}`, '-timeout=1s'], code: 4, says: /No balancer/ },
];
for (const { program = 'synod', args, code, says } of cases) {
  t.test(`${program} ${args.join(' ')}: ${code}`, async (t) => {
    const { code: ended, out, err } = await run(program, args, t.testdir(), 'a line\n');
    t.equal(ended, code);
    t.match(out + err, says);
    t.notMatch(err, /\n {4}at /, 'no stack is shown');
  });
}

for (const command of ['send', 'chat']) {
  t.test(`${command}: an input longer than what may wait does not make it wait for ever`, async (t) => {
    const input = 'a line\n'.repeat(6_000);
    const { code, out, err } = await run(
      'synod',
      [command, '--balancer', nobody, '--timeout', '1s'],
      t.testdir(),
      input,
    );
    t.equal(code, 4);
    t.match(out + err, /No balancer/);
  });
}

t.test(
  'send: who takes the call and says nothing is not waited for: 4, what became of the line, and why',
  async (t) => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    t.teardown(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const args = ['send', '--server', `127.0.0.1:${port}`, '--timeout', '300ms', '--', 'x'];
    const { code, err } = await run('synod', args, t.testdir());
    t.equal(code, 4);
    t.match(err.split('\n'), [
      'synod: message 1 failed: The client was closed before the line could be sent; send it again',
      /^synod: No answer came in time; look how the servers are: synod status, or wait longer: --timeout$/,
      '',
    ]);
  },
);

t.test('help and version go to stdout with 0', async (t) => {
  const home = t.testdir();
  for (const args of [['--help'], ['help'], ['help', 'chat'], ['chat', '-h'], ['chat', '--help'], ['-h']]) {
    const { code, out, err } = await run('synod', args, home);
    t.strictSame([code, err], [0, ''], args.join(' '));
    t.match(out, /^Usage: synod/);
  }
  t.match(await run('synod', ['--version'], home), { code: 0, out: /^\d+\.\d+\.\d+\n$/ });
  t.match(await run('lrunner', ['--help'], home), { code: 0, out: /^Usage: lrunner/ });
});

t.test('a busy port: 3, and which one', async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  t.teardown(() => holder.close());
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, err } = await run('synod', ['balancer', '--listen', `127.0.0.1:${port}`], t.testdir());
  t.equal(code, 3);
  t.match(err, new RegExp(`Port ${port} is already in use`));
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`a foreground command ends with ${code} on ${signal}`, async (t) => {
    const running = start('synod', ['status', '--watch', '--balancer', nobody], t.testdir());
    await until(() => running.err().includes('No balancer'), 'its first look');
    running.child.kill(signal);
    t.equal((await running.finished).code, code);
  });

  t.test(`a daemon prints one READY line and ends with 0 on ${signal}`, async (t) => {
    const running = start('lrunner', ['-hostPort=localhost:0'], t.testdir());
    await until(() => running.out().includes('\n'), 'READY');
    running.child.kill(signal);
    const { code: ended, out } = await running.finished;
    t.equal(ended, 0);
    t.match(out, /^READY balancer 127\.0\.0\.1:\d+\n$/);
  });
}

t.test('a server without a balancer waits for ever, says so, and obeys SIGTERM', async (t) => {
  const running = start('srunner', [`-master=${nobody}`, '-port=0', '-id=1'], t.testdir());
  await until(() => /No balancer at 127\.0\.0\.1:1/.test(running.err()), 'the warning');
  t.equal(running.out(), '', 'it is not READY');
  running.child.kill('SIGTERM');
  t.equal((await running.finished).code, 0);
});

t.test("the write-up's typing mistake is read with a warning", async (t) => {
  const running = start('srunner', [`=master=${nobody}`, '-port=0', '-id=1'], t.testdir());
  await until(() => /No balancer at 127\.0\.0\.1:1/.test(running.err()), 'that it took the address');
  running.child.kill('SIGTERM');
  t.match((await running.finished).err, /srunner: warning: read '=master=127\.0\.0\.1:1' as -master=127\.0\.0\.1:1/);
});
