/** Option values: what is taken, what it becomes, and what is refused with a text that says what is right. */
import t from 'tap';
import { UsageError } from '../../src/cli/go-flags.js';
import {
  nameFromLogin,
  readAddress,
  readAddresses,
  readBytes,
  readChoice,
  readDurationMs,
  readInteger,
  readName,
  readRoom,
} from '../../src/cli/values.js';

t.test('lists of addresses (one of them: test/base/address.test.ts)', async (t) => {
  t.strictSame(readAddresses('--x', 'a:1, b:2'), ['a:1', 'b:2']);
  t.throws(() => readAddress('--x', 'a:1,b:2'), UsageError);
});

t.test('durations need a unit', async (t) => {
  t.equal(readDurationMs('--x', '200ms'), 200);
  t.equal(readDurationMs('--x', '10s'), 10_000);
  t.equal(readDurationMs('--x', '1.5m'), 90_000);
  for (const wrong of ['', '10', 's', '-1s', '0s', '1 s', '1000h', 'Infinitys']) {
    t.throws(() => readDurationMs('--x', wrong), UsageError, wrong);
  }
});

t.test('sizes need a unit and have a least', async (t) => {
  const min = 256 * 1024 * 1024;
  t.equal(readBytes('--x', '256MiB', min), min);
  t.equal(readBytes('--x', '2GiB', min), 2 ** 31);
  t.equal(readBytes('--x', '1TiB', min), 2 ** 40);
  for (const wrong of ['', '512', '512MB', '255MiB', '0GiB', '-1GiB', '1.5GiB', '1 GiB', '9999999TiB', 'MiB']) {
    t.throws(() => readBytes('--x', wrong, min), { constructor: UsageError, message: /256MiB or more/ }, wrong);
  }
});

t.test('whole numbers in a range', async (t) => {
  t.equal(readInteger('--x', '0', 0, 5), 0);
  t.equal(readInteger('--x', '9007199254740991', 1, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  for (const wrong of ['', '6', '-1', '1.5', '1e3', '0x1', ' 1', '9007199254740993']) {
    t.throws(() => readInteger('--x', wrong, 0, 5), UsageError, wrong);
  }
});

t.test('choices', async (t) => {
  t.equal(readChoice('--fsync', 'never', ['always', 'never']), 'never');
  t.throws(() => readChoice('--fsync', 'maybe', ['always', 'never']), /takes always or never/);
});

t.test('names', async (t) => {
  for (const right of ['a', 'Aaron', '_x', '[bot]', 'a-1', '{^|\\}', 'x'.repeat(30)])
    t.equal(readName('--name', right), right);
  for (const wrong of ['', '1a', '-a', 'a b', 'é', 'a,b', 'x'.repeat(31)]) {
    t.throws(() => readName('--name', wrong), UsageError, wrong);
  }
});

t.test('rooms', async (t) => {
  t.equal(readRoom('--room', '#ops'), '#ops');
  t.equal(readRoom('--room', 'ops'), '#ops', 'a shell eats an unquoted #');
  t.equal(readRoom('--room', '#größe'), '#größe');
  t.equal(readRoom('--room', '@ann,bob'), '@ann,bob');
  for (const wrong of ['', '#', '#a b', '#a,b', '#a\u0007', '@ann', `#${'x'.repeat(50)}`]) {
    t.throws(() => readRoom('--room', wrong), UsageError, wrong);
  }
});

t.test('a login name becomes a lawful name', async (t) => {
  t.equal(nameFromLogin('aaron'), 'aaron');
  t.equal(nameFromLogin('j.doe'), 'j_doe');
  t.equal(nameFromLogin('7up'), '_7up');
  t.equal(nameFromLogin('müller'), 'm_ller');
  t.equal(nameFromLogin('x'.repeat(40)), 'x'.repeat(30));
  for (const none of [undefined, '', '???']) t.equal(nameFromLogin(none), 'guest');
  for (const login of ['a', '7', '-', '..', 'ü1', '1'.repeat(40)]) readName('--name', nameFromLogin(login));
});
