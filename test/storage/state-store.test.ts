/** The contract of a state store, run on both forms; and LevelDB's own: crash of the process, damage, lock. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {
  type KeyRange,
  LevelHome,
  LevelStore,
  MemoryRows,
  MemoryStore,
  prefixRange,
  prefixStore,
  type Row,
  type RowReader,
  type StateStore,
} from '../../src/storage/index.js';

function call<T>(act: (done: (error: Error | undefined, value?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) =>
    act((error, value) => (error === undefined ? resolve(value) : reject(error))),
  );
}

const get = (store: StateStore, key: Uint8Array) => call<Uint8Array | undefined>((done) => store.get(key, done));
const rows = (store: StateStore, range: KeyRange) => call<Row[]>((done) => store.iterate(range, done));
const batch = (store: StateStore, puts: Row[], deletes: Uint8Array[]) =>
  call<void>((done) => store.batch(puts, deletes, done));
const close = (store: StateStore) => call<void>((done) => store.close(done));
const openLevel = (directory: string) =>
  call<LevelStore>((done) => LevelStore.open(directory, done)) as Promise<LevelStore>;
const hex = (found: Row[] = []) =>
  found.map(({ key, value }) => `${Buffer.from(key).toString('hex')}=${Buffer.from(value).toString('hex')}`);

type Reopen = () => Promise<StateStore>;

function contract(name: string, make: (directory: string) => Reopen): void {
  t.test(`${name}: what was put is there, in bytewise order, also after it was closed`, async (t) => {
    const reopen = make(t.testdir());
    let store = await reopen();
    const keys = ['ff', '00', '80', '7f', '0000', '00ff', 'ff00', '8001'].map((text) => Buffer.from(text, 'hex'));
    await batch(
      store,
      keys.map((key) => ({ key, value: Buffer.concat([key, key]) })),
      [],
    );
    await batch(
      store,
      [{ key: Buffer.from('80', 'hex'), value: Buffer.alloc(0) }],
      [Buffer.from('7f', 'hex'), Buffer.from('55', 'hex')],
    );
    await close(store);
    store = await reopen();
    t.strictSame(
      hex(await rows(store, {})).map((row) => row.split('=')[0]),
      ['00', '0000', '00ff', '80', '8001', 'ff', 'ff00'],
    );
    t.equal(await get(store, Buffer.from('7f', 'hex')), undefined);
    t.equal((await get(store, Buffer.from('80', 'hex')))?.length, 0, 'an empty value is a value');
    t.equal((await get(store, Buffer.from('ff00', 'hex')))?.length, 4);
    await close(store);
  });

  t.test(`${name}: agrees with a plain model on random batches and ranges`, async (t) => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 3 });
    const round = fc.record({
      puts: fc.uniqueArray(fc.tuple(key, fc.uint8Array({ maxLength: 5 })), {
        selector: ([k]) => Buffer.from(k).toString('hex'),
        maxLength: 12,
      }),
      deletes: fc.array(key, { maxLength: 4 }),
      from: fc.option(key, { nil: undefined }),
      to: fc.option(key, { nil: undefined }),
      reverse: fc.boolean(),
      limit: fc.option(fc.nat(6), { nil: undefined }),
    });
    let number = 0;
    const property = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
      const store = await make(path.join(t.testdirName, String(number++)))();
      const model = new Map<string, string>();
      for (const { puts, deletes, from, to, reverse, limit } of rounds) {
        const put = new Set(puts.map(([k]) => Buffer.from(k).toString('hex')));
        const del = deletes.filter((k) => !put.has(Buffer.from(k).toString('hex')));
        await batch(
          store,
          puts.map(([k, value]) => ({ key: k, value })),
          del,
        );
        for (const k of del) model.delete(Buffer.from(k).toString('hex'));
        for (const [k, value] of puts) model.set(Buffer.from(k).toString('hex'), Buffer.from(value).toString('hex'));
        const range: KeyRange = {
          ...(from && { from }),
          ...(to && { to }),
          reverse,
          ...(limit !== undefined && { limit }),
        };
        const low = from && Buffer.from(from).toString('hex');
        const high = to && Buffer.from(to).toString('hex');
        let want = [...model]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .filter(([k]) => (low === undefined || k >= low) && (high === undefined || k < high));
        if (reverse) want = want.reverse();
        if (limit !== undefined) want = want.slice(0, limit);
        const found = hex(await rows(store, range));
        if (found.join() !== want.map(([k, v]) => `${k}=${v}`).join())
          throw new Error(`${found.join()} is not ${want.join(' ')}`);
      }
      await close(store);
    });
    t.testdir();
    await fc.assert(property, { numRuns: 40 });
    t.pass('property held');
  });

  t.test(`${name}: a snapshot shows the rows as they were, whatever is written meanwhile`, async (t) => {
    const store = await make(t.testdir())();
    const row = (key: string, value: string) => ({ key: Buffer.from(key), value: Buffer.from(value) });
    await batch(store, [row('a', '1'), row('b', '1'), row('c', '1')], []);
    const snapshot = store.snapshot();
    const view = prefixStore(store, 'a'.charCodeAt(0)).snapshot();
    await batch(store, [row('a', '2'), row('d', '2')], [Buffer.from('b')]);
    const all = (from: RowReader) =>
      new Promise<string[]>((resolve, reject) => {
        from.iterate({}, (error, found) =>
          error === undefined
            ? resolve(found.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`))
            : reject(error),
        );
      });
    t.same(await all(snapshot), ['a=1', 'b=1', 'c=1']);
    t.same(await all(store), ['a=2', 'c=1', 'd=2']);
    t.same(await all(view), ['=1'], 'a prefix view has snapshots, too');
    snapshot.get(Buffer.from('b'), (error, value) => {
      t.equal(error, undefined);
      t.equal(Buffer.from(value ?? []).toString(), '1');
    });
    t.same(await all(snapshot), ['a=1', 'b=1', 'c=1'], 'as often as wanted');
    snapshot.close();
    await t.rejects(all(snapshot), 'closed');
    view.close();
    t.same(await all(store), ['a=2', 'c=1', 'd=2']);
    await close(store);
  });

  t.test(`${name}: a prefix view sees only its own keys`, async (t) => {
    const store = await make(t.testdir())();
    const one = prefixStore(store, 1);
    const two = prefixStore(store, 2);
    await batch(
      one,
      [
        { key: Buffer.from('ff', 'hex'), value: Buffer.from('a') },
        { key: Buffer.from('a1ff', 'hex'), value: Buffer.from('b') },
      ],
      [],
    );
    await batch(two, [{ key: Buffer.from('00', 'hex'), value: Buffer.from('c') }], []);
    t.strictSame(hex(await rows(one, {})), ['a1ff=62', 'ff=61']);
    t.strictSame(hex(await rows(one, prefixRange(Buffer.from('a1', 'hex')))), ['a1ff=62']);
    t.strictSame(hex(await rows(one, prefixRange(Buffer.from('ff', 'hex')))), ['ff=61']);
    t.strictSame(hex(await rows(two, { reverse: true, limit: 1 })), ['00=63']);
    t.equal(await get(two, Buffer.from('ff', 'hex')), undefined);
    await batch(one, [], [Buffer.from('ff', 'hex')]);
    t.equal((await rows(store, {}))?.length, 2);
    await close(store);
  });
}

contract('MemoryStore', () => {
  const kept = new MemoryRows();
  return async () => new MemoryStore(kept);
});
contract('LevelStore', (directory) => () => openLevel(path.join(directory, 'state')));
contract('what a LevelHome opens', (directory) => {
  const home = new LevelHome(path.join(directory, 'state'));
  return () => call<StateStore>((done) => home.open(done)) as Promise<StateStore>;
});

t.test('a second process, a directory that is no store', async (t) => {
  const directory = path.join(t.testdir(), 'state');
  const store = await openLevel(directory);
  await t.rejects(openLevel(directory), { code: 'DIRECTORY_LOCKED', exitCode: 7 });
  await close(store);
  fs.writeFileSync(path.join(directory, 'CURRENT'), 'rubbish\n');
  await t.rejects(openLevel(directory), {
    code: 'STORE_DAMAGED',
    exitCode: 7,
    message: /start again, then it is moved aside and the state is made anew/,
  });
});

const small = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-store-'));
let mounted = false;
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'synod-test', small], { stdio: 'ignore' });
  mounted = true;
} catch {
  mounted = false;
}
t.teardown(() => {
  if (mounted) execFileSync('umount', ['-l', small]);
  fs.rmdirSync(small);
});

t.test(
  'LevelStore on a full disk: it goes on being read, and written once there is space',
  { skip: mounted ? false : 'tmpfs cannot be mounted here' },
  async (t) => {
    const ballast = path.join(small, 'ballast');
    fs.writeFileSync(ballast, Buffer.alloc(17 * 1024 * 1024));
    const store = await openLevel(path.join(small, 'state'));
    const key = (n: number) => Buffer.from([n]);
    let written = 0;
    const write = () => batch(store, [{ key: key(written), value: Buffer.alloc(100_000, written) }], []);
    await t.rejects(async () => {
      for (; written < 60; written++) await write();
    }, 'the disk is full');
    t.ok(written > 5, `${written} rows fitted`);
    for (let i = 0; i < 3; i++) {
      const failing = write();
      const during = Promise.all([get(store, key(0)), get(store, key(1)), rows(store, { limit: 3 })]);
      await t.rejects(failing, 'and stays full');
      t.strictSame((await during)[0], Buffer.alloc(100_000, 0));
      t.strictSame(await get(store, key(1)), Buffer.alloc(100_000, 1), 'readable after the failure');
    }
    fs.rmSync(ballast);
    const succeeding = write();
    const reads = Array.from({ length: 20 }, async (_, i) => {
      await new Promise<void>((resolve) => setTimeout(resolve, i));
      return (await get(store, key(i % 2)))?.length;
    });
    await succeeding;
    t.strictSame(new Set(await Promise.all(reads)), new Set([100_000]), 'readable while it is opened anew');
    t.equal((await rows(store, {}))?.length, written + 1);
    await close(store);
  },
);

t.test('LevelStore: a read that the end overtakes is never answered, rather than with an error', async (t) => {
  const store = await openLevel(path.join(t.testdir(), 'state'));
  await batch(store, [{ key: Buffer.from('k'), value: Buffer.from('v') }], []);
  const answers: unknown[] = [];
  for (let i = 0; i < 10; i++) store.iterate({}, (error) => answers.push(error));
  store.get(Buffer.from('k'), (error) => answers.push(error));
  await close(store);
  await new Promise<void>((resolve) => setTimeout(resolve, 20));
  t.strictSame(answers, []);
});
