/**
 * A peer's state, from its pieces to the live one: what is promised, kept and lost, and a crash at every single event
 * of it leaves the old state or the new one.
 */
import t from 'tap';
import { MemoryRows } from '../../src/storage/index.js';
import { SimDisk } from '../support/sim-disk.js';
import { Life, type SentState } from './life.js';
import { World } from './world.js';

/** What a server with `applied` slots, of which it keeps the last few segments, sends. */
function sentAt(...marks: number[]): SentState[] {
  const world = new World(9);
  const life = new Life(world, world.disk(), new MemoryRows(), 1, { retainSegments: 1, cacheBytes: 0 });
  return marks.map((applied) => {
    for (let next = life.index.applied + 50; next < applied; next += 50) life.runTo(next);
    life.runTo(applied);
    return life.send();
  });
}

/** A server that has 150 slots, a promise, and votes for slots around the one at which the state comes. */
function laggard(world: World, disk: SimDisk, kept: MemoryRows, sent: SentState): Life {
  const life = new Life(world, disk, kept, 1);
  life.log.wal.append({ kind: 'promise', ballot: { round: 9, server: 3, incarnation: 5 } });
  life.runTo(150);
  for (const slot of [sent.applied - 1, sent.applied, sent.applied + 1, sent.applied + 3]) life.vote(slot);
  life.log.wal.flush();
  world.until(() => life.log.wal.durableRecords === life.log.wal.appendedRecords, 'the votes are durable');
  return life;
}

/** Throws unless the life stands at the old state or at the new one, complete; says at which. */
function judge(life: Life, sent: SentState): 'old' | 'new' {
  const { recovered } = life.log;
  if (recovered.promised.round !== 9) throw new Error(`the promise is ${recovered.promised.round}`);
  const isNew = life.meta?.applied === sent.applied;
  if (!isNew && life.meta?.applied !== 150) throw new Error(`the state is at ${life.meta?.applied}`);
  if (life.count() !== life.meta?.applied) throw new Error('the rows are those of another state');
  const votes = recovered.entries.map(({ slot }) => slot).filter((slot) => slot > 150);
  const wanted = [sent.applied - 1, sent.applied, sent.applied + 1, sent.applied + 3].filter(
    (slot) => !isNew || slot > sent.applied,
  );
  if (votes.join() !== wanted.join()) throw new Error(`votes for ${votes}, not ${wanted}`);
  if (isNew && life.index.firstKept !== sent.firstKept) throw new Error(`history from ${life.index.firstKept}`);
  // A vote behind the state may have been applied by this test's way of recovering: it is chosen here.
  if (life.readAll(3000) !== life.index.applied) throw new Error('not all read');
  return isNew ? 'new' : 'old';
}

const [state] = sentAt(600) as [SentState];
const slots = `${state.firstKept}..${state.applied}`;

t.test(`a state with history ${slots} takes the place of an older one; promise and votes above it stay`, async (t) => {
  const world = new World(1);
  const kept = new MemoryRows();
  const disk = world.disk();
  const life = laggard(world, disk, kept, state);
  t.ok(state.pieces.length > 10, `${state.pieces.length} pieces`);
  const stale = { key: Buffer.from('stale'), value: Buffer.from('of a transfer that was given up') };
  life.wait<void>((done) => life.sets.spareSet.chat.batch([stale], [], done));
  t.ok(state.firstKept > 300, 'the peer keeps a part of its history');
  life.wait<void>((done) => life.receive(state, done));
  t.equal(life.index.applied, 600);
  t.equal(life.count(), 600);
  t.equal(
    life.wait<Uint8Array | undefined>((done) => life.sets.liveSet.chat.get(stale.key, done)),
    undefined,
  );
  t.equal(life.readAll(2000), 600, 'its values are read from this log');
  t.same(
    life.wait<Uint8Array[]>((done) => life.reader.read(100, 600, 2000, done)),
    [],
    'own older ones are gone',
  );
  life.append(1);
  life.append(99);
  world.until(() => life.log.wal.durableRecords === life.log.wal.appendedRecords, 'durable');
  life.checkpoint();
  world.until(() => life.written === 700, 'checkpoint');
  t.equal(life.count(), 700, 'it goes on from there');
  t.equal(life.readAll(2000), 700);
  world.forget();
  const second = new Life(world, disk.crash(), kept, 2);
  t.equal(second.count(), 700);
  t.equal(second.readAll(2000), 700);
  t.equal(second.log.recovered.promised.round, 9);
});

t.test(
  'a slow disk: the switch waits for the last value, and a checkpoint that failed before is forgotten',
  async (t) => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new World(seed);
      const kept = new MemoryRows();
      const disk = new SimDisk({ ...world.diskOptions(), syncUs: [4_000, 9_000] });
      const life = laggard(world, disk, kept, state);
      const batch = life.store.batch.bind(life.store);
      life.store.batch = (_puts, _deletes, done) => void world.schedule(10, () => done(new Error('full')));
      life.append(1);
      life.checkpoint();
      world.until(() => !life.checkpointer.busy, 'the failed checkpoint');
      life.store.batch = batch;
      life.wait<void>((done) => life.receive(state, done));
      const crashed = seed % 2 === 0 ? disk.crash() : undefined;
      if (crashed === undefined) {
        life.wait<void>((done) => life.sets.clearSpare(done));
        life.append(1);
        life.checkpoint();
        world.until(() => !life.checkpointer.busy, 'a checkpoint');
        t.same(
          life.wait<unknown[]>((done) => life.sets.spareSet.chat.iterate({}, done)),
          [],
          'nothing of the old state',
        );
        continue;
      }
      world.forget();
      const second = new Life(world, crashed, kept, 2, { cacheBytes: 0 });
      t.equal(second.count(), 600);
      t.ok(second.readAll(2000) >= 600);
    }
  },
);

t.test('a state that keeps no history', async (t) => {
  const world = new World(2);
  const kept = new MemoryRows();
  const disk = world.disk();
  const life = laggard(world, disk, kept, state);
  const bare = { ...state, firstKept: 601, pieces: state.pieces.filter(({ bytes }) => bytes[0] === 1) };
  life.wait<void>((done) => life.receive(bare, done));
  t.equal(life.index.firstKept, 601);
  life.append(50);
  life.runTo(700);
  t.equal(life.readAll(2000), 700);
  world.forget();
  const second = new Life(world, disk.crash(), kept, 2);
  t.equal(second.index.firstKept, 601);
  t.equal(second.readAll(2000), 700);
});

t.test('a piece that is missing, doubled or of another place is an error, and nothing is installed', async (t) => {
  const values = state.pieces.findIndex(({ bytes }) => bytes[0] === 2);
  const spoilt = {
    missing: state.pieces.filter((_, at) => at !== values + 1),
    doubled: [...state.pieces.slice(0, values + 1), ...state.pieces.slice(values)],
    short: state.pieces.slice(0, -1),
  };
  for (const [name, pieces] of Object.entries(spoilt)) {
    const world = new World(3);
    const kept = new MemoryRows();
    const life = laggard(world, world.disk(), kept, state);
    t.throws(() => life.wait<void>((done) => life.receive({ ...state, pieces }, done)), /slot/, name);
    t.equal(life.count(), 150, `${name}: the old state is there`);
  }
});

t.test(
  'a crash at every single event of a transfer: the old state or the new one, and the next try succeeds',
  async (t) => {
    const seen = { old: 0, new: 0 };
    let isOver = false;
    for (let events = 0; !isOver; events++) {
      const world = new World(events + 1);
      const kept = new MemoryRows();
      const disk = world.disk();
      const life = laggard(world, disk, kept, state);
      life.receive(state, (error) => {
        if (error !== undefined) throw error;
        isOver = true;
      });
      for (let i = 0; i < events && !isOver; i++) world.step();
      if (isOver) {
        // A few more: the old segments go after the switch.
        const rest = events % 7;
        for (let i = 0; i < rest; i++) world.step();
      }
      world.forget();
      try {
        const second = new Life(world, disk.crash(), kept, 2);
        const which = judge(second, state);
        seen[which]++;
        if (which === 'old') {
          second.wait<void>((done) => second.receive(state, done));
          if (second.count() !== 600 || second.readAll(2000) !== 600) throw new Error('the second try is incomplete');
        }
        world.forget();
        const third = new Life(world, second.disk.crash(), kept, 3);
        if (third.count() !== 600 || third.readAll(2000) < 600) throw new Error('lost in the third life');
      } catch (error) {
        t.fail(`a crash after event ${events}: ${(error as Error).stack}`);
        return;
      }
    }
    t.ok(seen.old > 100, `${seen.old} crashes left the old state`);
    t.ok(seen.new > 0, `${seen.new} the new one`);
  },
);

t.test('crashes right behind the switch, while old segments and old rows go', async (t) => {
  for (let events = 1; events <= 60; events++) {
    const world = new World(events);
    const kept = new MemoryRows();
    const disk = world.disk();
    const life = laggard(world, disk, kept, state);
    let isCleared = false;
    life.receive(state, () => {
      life.sets.clearSpare(() => {
        isCleared = true;
      });
    });
    world.until(() => life.index.applied === 600, 'installed');
    for (let i = 0; i < events && !isCleared; i++) world.step();
    world.forget();
    try {
      const second = new Life(world, disk.crash(), kept, 2);
      if (judge(second, state) !== 'new') throw new Error('the old state came back');
    } catch (error) {
      t.fail(`a crash ${events} events behind the switch: ${(error as Error).stack}`);
      return;
    }
  }
  t.pass('60 crashes');
});

t.test('two transfers in a row, each with crashes in it', async (t) => {
  const [first, second] = sentAt(600, 1200) as [SentState, SentState];
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World(seed);
    const kept = new MemoryRows();
    let disk = world.disk();
    let life = laggard(world, disk, kept, first);
    try {
      for (const [at, sent] of [first, second].entries()) {
        let isDone = false;
        life.receive(sent, () => {
          isDone = true;
        });
        const events = world.random.below(250);
        for (let i = 0; i < events && !isDone; i++) world.step();
        world.forget();
        disk = disk.crash();
        life = new Life(world, disk, kept, 2 + at);
        if (life.index.applied < sent.applied) life.wait<void>((done) => life.receive(sent, done));
        if (life.readAll(2000) < sent.applied) throw new Error(`state ${at + 1} is incomplete`);
        if (life.log.recovered.promised.round !== 9) throw new Error('the promise fell');
      }
      if (life.count() !== 1200) throw new Error('the second state did not come');
    } catch (error) {
      t.fail(`seed ${seed}: ${(error as Error).stack}`);
      return;
    }
  }
  t.pass('40 seeds');
});
