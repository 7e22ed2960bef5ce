/** `--trace FILE`: events in a file for its owner only, appended, whole when it ends; and files that are none. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Logger, silentLogger } from '../../../src/base/index.js';
import { Hub, type ProxyEvent } from '../../../src/proxy/engine/hub.js';
import { traceToFile } from '../../../src/proxy/engine/trace-file.js';
import { FakeClock } from '../../support/fake-clock.js';
import { until } from '../../support/until.js';

const eventsIn = (file: string): ProxyEvent[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ProxyEvent);

t.test('every frame and every change of the rules, whole when it has ended', async (t) => {
  const file = path.join(t.testdir(), 'trace.ndjson');
  const hub = new Hub(new FakeClock());
  const end = await traceToFile(hub, file, silentLogger);
  for (let slot = 1; slot <= 3_000; slot++) hub.emit('trace', { kind: 'accept', slot });
  for (const name of ['rule', 'leader', 'timeline', 'toxic', 'frame'] as const) hub.emit(name, {});
  await end();
  const events = eventsIn(file);
  t.equal(events.length, 3_003);
  t.same(
    events.slice(-3).map(({ event }) => event),
    ['rule', 'leader', 'timeline'],
    'and nothing else',
  );
  t.equal(events[2_999]?.slot, 3_000);
  t.equal(statSync(file).mode & 0o777, 0o600, 'for its owner only');
  t.notOk(hub.hears('trace'));
  hub.emit('trace', { kind: 'late' });
  const again = await traceToFile(hub, file, silentLogger);
  hub.emit('trace', { kind: 'more' });
  await again();
  t.equal(eventsIn(file).length, 3_004, 'a second run appends');
});

t.test('a file that cannot be opened is told at once, with nothing left listening', async (t) => {
  const hub = new Hub(new FakeClock());
  const folder = t.testdir();
  await t.rejects(traceToFile(hub, path.join(folder, 'none', 'x'), silentLogger), { code: 'ENOENT' });
  mkdirSync(path.join(folder, 'folder'));
  await t.rejects(traceToFile(hub, path.join(folder, 'folder'), silentLogger), { code: 'EISDIR' });
  t.notOk(hub.hears('trace'));
});

t.test(
  'a disk that is full ends the trace, is told, and nothing else',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const hub = new Hub(new FakeClock());
    const errors: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (event, fields) => errors.push({ event, ...fields }) };
    const end = await traceToFile(hub, '/dev/full', logger);
    hub.emit('trace', { kind: 'accept' });
    await until('the error', 5_000, () => errors.length === 1);
    t.match(errors, [
      { event: 'trace-ended', text: /the trace ends: .*free some space/, file: '/dev/full', error: /ENOSPC/ },
    ]);
    t.notOk(hub.hears('trace'));
    hub.emit('trace', { kind: 'accept' });
    await end();
    t.equal(errors.length, 1);
  },
);
