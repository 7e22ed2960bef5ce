/** Batches: what one event brings about leaves together, once per writer. */
import t from 'tap';
import { Batch, type Flushable } from '../../../src/proxy/engine/batch.js';

class Writer implements Flushable {
  flushed = 0;
  onFlush: () => void = () => undefined;

  flush(): void {
    this.flushed++;
    this.onFlush();
  }
}

t.test('outside a batch at once, inside at its end, nested ones at the end of the outermost', async (t) => {
  const batch = new Batch();
  const writer = new Writer();
  batch.join(writer);
  t.equal(writer.flushed, 1);
  batch.run(() => {
    batch.join(writer);
    batch.run(() => batch.join(writer));
    t.equal(writer.flushed, 1);
  });
  t.equal(writer.flushed, 3, 'as often as it has joined');
});

t.test('what joins while others are flushed is flushed in the same batch', async (t) => {
  const batch = new Batch();
  const first = new Writer();
  const second = new Writer();
  first.onFlush = () => batch.run(() => batch.join(second));
  batch.run(() => batch.join(first));
  t.same([first.flushed, second.flushed], [1, 1]);
});

t.test('an error passes, and what has joined before it still leaves', async (t) => {
  const batch = new Batch();
  const writer = new Writer();
  t.throws(
    () =>
      batch.run(() => {
        batch.join(writer);
        throw new Error('planned');
      }),
    /planned/,
  );
  t.equal(writer.flushed, 1);
  batch.join(writer);
  t.equal(writer.flushed, 2, 'and no batch is open');
});
