/** A store that believes no disk: rows that changed, and batches that are missing under later ones, are refused. */
import t from 'tap';
import { MemoryRows, MemoryStore, type Row, type StateStore } from '../../src/storage/index.js';
import { openSealed } from '../../src/storage/sealed-store.js';

function open(rows: MemoryRows): Promise<StateStore> {
  return new Promise((resolve, reject) => {
    openSealed(new MemoryStore(rows), 'state', (error, store) =>
      store === undefined ? reject(error) : resolve(store),
    );
  });
}

function row(key: string, value: string): Row {
  return { key: Buffer.from(key), value: Buffer.from(value) };
}

function put(store: StateStore, ...puts: readonly Row[]): Promise<void> {
  return new Promise((resolve, reject) =>
    store.batch(puts, [], (error) => (error === undefined ? resolve() : reject(error))),
  );
}

function all(store: StateStore): Promise<string[]> {
  return new Promise((resolve, reject) =>
    store.iterate({}, (error, rows) =>
      error === undefined
        ? resolve(rows.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`))
        : reject(error),
    ),
  );
}

/** What the disk holds after each of the batches, the first one first; `lost` never got there. */
async function written(count: number, lost?: number): Promise<MemoryRows> {
  const rows = new MemoryRows();
  const inner = new MemoryStore(rows);
  const batch = inner.batch.bind(inner);
  let number = 0;
  inner.batch = (puts, deletes, done) => {
    number++;
    if (number === lost) queueMicrotask(() => done(undefined));
    else batch(puts, deletes, done);
  };
  const store = await new Promise<StateStore>((resolve, reject) => {
    openSealed(inner, 'state', (error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
  });
  for (let i = 1; i <= count; i++) await put(store, row('same', `${i}`), row(`row ${i}`, 'x'));
  return rows;
}

t.test('a batch that is missing under later ones is found at the start; a missing end is an older store', async (t) => {
  for (const lost of [1, 2, 5, 8]) {
    await t.rejects(open(await written(9, lost)), {
      code: 'STORE_DAMAGED',
      message: new RegExp(`lost batch ${lost} of 9`),
    });
  }
  const older = await open(await written(9, 9));
  t.ok((await all(older)).includes('same=8'));
  await put(older, row('same', 'again'));
  t.ok((await all(older)).includes('same=again'));
});

t.test('more batches than numbers are kept: the latest four thousand count', async (t) => {
  const store = await open(await written(5000));
  t.ok((await all(store)).includes('same=5000'));
  await t.rejects(open(await written(5000, 1500)), { code: 'STORE_DAMAGED' });
  t.ok(await open(await written(5000, 500)), 'LevelDB has long put what is older into a table');
});

t.test('every bit of every row: it is refused when it is read, and never believed', async (t) => {
  const rows = await written(3);
  let refused = 0;
  for (const { key, value } of rows.range({})) {
    for (let bit = 0; bit < value.length * 8; bit++) {
      const rotten = Buffer.from(value);
      rotten[bit >> 3] = (rotten[bit >> 3] as number) ^ (1 << (bit & 7));
      rows.apply([{ key, value: rotten }], []);
      try {
        await all(await open(rows));
        t.fail(`bit ${bit} of ${Buffer.from(key).toString('hex')} was believed`);
      } catch (error) {
        t.equal((error as { code?: string }).code, 'STORE_DAMAGED');
        refused++;
      }
    }
    rows.apply([{ key, value }], []);
  }
  t.ok(refused > 300, `${refused} refused`);
});

t.test('batches are written one after the other, and one that fails is not counted', async (t) => {
  const rows = new MemoryRows();
  const inner = new MemoryStore(rows);
  const batch = inner.batch.bind(inner);
  let underWay = 0;
  let fail = true;
  inner.batch = (puts, deletes, done) => {
    t.equal(underWay++, 0, 'alone');
    if (fail) queueMicrotask(() => end(new Error('no space')));
    else batch(puts, deletes, end);
    fail = false;
    function end(error: Error | undefined): void {
      underWay--;
      done(error);
    }
  };
  const store = await new Promise<StateStore>((resolve, reject) => {
    openSealed(inner, 'state', (error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
  });
  const results = await Promise.allSettled([1, 2, 3].map((i) => put(store, row(`${i}`, 'x'))));
  t.strictSame(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  t.strictSame(await all(await open(rows)), ['2=x', '3=x']);
});

t.test('a store whose batches have no numbers was written by an older program: its log rebuilds it', async (t) => {
  const rows = new MemoryRows();
  rows.apply([row('old', 'row')], []);
  await t.rejects(open(rows), { code: 'STORE_DAMAGED', message: /no numbers/ });
});
