/** The words that rules are made of: durations, and the ends of links. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { durationMsMax, durationText, readDurationMs } from '../../../src/proxy/plan/duration.js';
import { EndPattern, linkName } from '../../../src/proxy/plan/ends.js';
import { repeatable } from '../../support/repeatable.js';
import { endsInRemedy, refusal } from './refused.js';

t.test('durations: each unit, numbers as milliseconds, up to a day', async (t) => {
  const read = (value: unknown) => readDurationMs('time', value);
  t.same(
    ['250us', '250µs', '200ms', '1.5s', '2m', '24h', ' 5ms ', '0s', 0, 12.5, durationMsMax].map(read),
    [0.25, 0.25, 200, 1_500, 120_000, 86_400_000, 5, 0, 0, 12.5, 86_400_000],
  );
  t.equal(read('522.3s'), 522_300, 'exactly');
  for (const value of [
    '5',
    's',
    '-1s',
    '1 s',
    '1e3ms',
    '.5s',
    '5S',
    '25h',
    -1,
    86_400_001,
    Number.NaN,
    true,
    {},
    null,
  ]) {
    const said = refusal(() => read(value));
    t.match(said, `time: ${JSON.stringify(value)} is no time up to 24h`);
    t.ok(endsInRemedy(said));
  }
});

t.test('the text of a duration reads back as the same duration', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.nat(durationMsMax),
        fc.nat(1e6).map((n) => n / 1_000),
      ),
      (ms) => {
        assert.equal(readDurationMs('time', durationText(ms)), ms);
      },
    ),
    repeatable,
  );
  t.same([0, 0.25, 150, 1_000, 1_050, 1_100, 59_900, 60_000, 90_000, 3_600_000].map(durationText), [
    '0ms',
    '0.25ms',
    '150ms',
    '1s',
    '1050ms',
    '1.1s',
    '59.9s',
    '1m',
    '90s',
    '60m',
  ]);
});

const item = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 5 }).map(String),
  fc.constantFrom('*', 'client'),
);

t.test('ends: what a pattern means, and that it is shown as what it was read from', async (t) => {
  fc.assert(
    fc.property(fc.oneof(item, fc.array(item, { minLength: 1, maxLength: 4 })), (value) => {
      const pattern = EndPattern.read('from', value);
      const items = [value].flat().map(String);
      for (const end of [1, 2, 3, 4, 5, 65_535]) {
        assert.equal(pattern.matches(end), items.includes('*') || items.includes(String(end)), `server ${end}`);
      }
      assert.equal(pattern.matches('client'), items.includes('client'), 'clients only by name');
      for (const hidden of ['balancer', 'unknown'] as const) assert.equal(pattern.matches(hidden), false, hidden);
      const shown = JSON.parse(JSON.stringify(pattern)) as unknown;
      assert.deepEqual(JSON.stringify(EndPattern.read('from', shown)), JSON.stringify(pattern));
      assert.equal(pattern.meansClients, items.includes('client'));
      assert.equal(
        pattern.meansServers,
        items.some((one) => one !== 'client'),
      );
    }),
    repeatable,
  );
  const all = EndPattern.read('from', undefined);
  t.equal(JSON.stringify(all), '"*"', 'absent means every server');
  t.notOk(all.matches('client'));
  t.same(EndPattern.read('from', ['2', 7, 'client', 2]).ids, [2, 7]);
  t.equal(linkName('client', 3), 'client>3');
});
