/** Placement: least load, ties to the lowest id, counted at once, confirmed by reports or forgotten after 5 s. */
import * as fc from 'fast-check';
import t from 'tap';
import { limits, Prng } from '../../src/base/index.js';
import { Placement } from '../../src/daemon/balancer/placement.js';

const { placementMs } = limits;

const three = [3, 1, 2].map((id) => ({ id, address: `h:${9000 + id}` }));

t.test('an empty table sends the first three clients to 1, 2, 3 in turn', async (t) => {
  const placement = new Placement();
  const ids = [1, 2, 3, 4].map(() => placement.place(three, '', 0)?.id);
  t.same(ids, [1, 2, 3, 1]);
});

t.test('the fewest clients win, whatever the order of candidates', async (t) => {
  const placement = new Placement();
  placement.report(1, 2, 0, 0);
  placement.report(2, 1, 0, 0);
  placement.report(3, 1, 0, 0);
  t.equal(placement.place(three, '', 0)?.id, 2);
  t.equal(placement.place(three, '', 0)?.id, 3);
});

t.test('a placement counts until a report confirms it, and is not counted twice then', async (t) => {
  const placement = new Placement();
  placement.place(three, '', 0);
  t.equal(placement.load(1, 10), 1, 'at once');
  placement.report(1, 0, 0, 20);
  t.equal(placement.load(1, 20), 1, 'a report from before the client arrived does not undo it');
  placement.report(1, 1, 1, 30);
  t.equal(placement.load(1, 30), 1, 'reported now, no longer pending');
});

t.test('a placement that never arrives is forgotten after 5 s', async (t) => {
  const placement = new Placement();
  placement.place(three, '', 100);
  t.equal(placement.load(1, 100 + placementMs - 1), 1);
  t.equal(placement.load(1, 100 + placementMs), 0);
});

t.test('askers who never come are counted no further than a server has room', async (t) => {
  const placement = new Placement();
  const one = [{ id: 1, address: 'h:9001' }];
  for (let i = 0; i < limits.connectionsMax + 500; i++) placement.place(one, '', i / 1_000);
  t.equal(placement.load(1, 12), limits.connectionsMax);
});

t.test('the failed address is never given back, even when it is the only one', async (t) => {
  const placement = new Placement();
  t.equal(placement.place(three, 'h:9001', 0)?.id, 2);
  t.equal(placement.place([{ id: 1, address: 'h:9001' }], 'h:9001', 0), undefined);
  t.equal(placement.load(1, 0), 0, 'and nothing was counted');
});

t.test('a dead server takes its clients with it', async (t) => {
  const placement = new Placement();
  placement.report(1, 50, 0, 0);
  placement.place([{ id: 1, address: 'h:9001' }], '', 0);
  placement.forget(1);
  t.equal(placement.load(1, 0), 0);
});

t.test('the herd of a killed server spreads evenly over the others (RELIABILITY.md 48)', async (t) => {
  const placement = new Placement();
  for (const { id } of three) placement.report(id, 1000, 0, 0);
  placement.forget(1);
  const rest = three.filter(({ id }) => id !== 1);
  for (let i = 0; i < 1000; i++) placement.place(rest, 'h:9001', i);
  t.ok(Math.abs(placement.load(2, 1000) - placement.load(3, 1000)) <= 1);
});

/** The stupid twin: a flat list of placements, filtered anew for each question. */
class Twin {
  reported = new Map<number, number>();
  placements: { id: number; atMs: number }[] = [];
  load(id: number, nowMs: number): number {
    const fresh = this.placements.filter((placement) => placement.id === id && nowMs - placement.atMs < placementMs);
    return (this.reported.get(id) ?? 0) + fresh.length;
  }
  report(id: number, clients: number, arrived: number, nowMs: number): void {
    this.placements = this.placements.filter((placement) => nowMs - placement.atMs < placementMs);
    this.reported.set(id, clients);
    for (let i = 0; i < arrived; i++) {
      const index = this.placements.findIndex((placement) => placement.id === id);
      if (index >= 0) this.placements.splice(index, 1);
    }
  }
  place(ids: number[], nowMs: number): number {
    const chosen = [...ids].sort((a, b) => this.load(a, nowMs) - this.load(b, nowMs) || a - b)[0] as number;
    this.placements.push({ id: chosen, atMs: nowMs });
    return chosen;
  }
}

t.test('property: it does what the stupid twin does', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('place' as const), failed: fc.integer({ min: 0, max: 3 }) }),
    fc.record({
      kind: fc.constant('report' as const),
      id: fc.integer({ min: 1, max: 3 }),
      clients: fc.nat(20),
      arrived: fc.nat(5),
    }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(3000) }),
    fc.record({ kind: fc.constant('forget' as const), id: fc.integer({ min: 1, max: 3 }) }),
  );
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const placement = new Placement();
      const twin = new Twin();
      let nowMs = 0;
      for (const it of steps) {
        if (it.kind === 'pass') nowMs += it.ms;
        else if (it.kind === 'report') {
          placement.report(it.id, it.clients, it.arrived, nowMs);
          twin.report(it.id, it.clients, it.arrived, nowMs);
        } else if (it.kind === 'forget') {
          placement.forget(it.id);
          twin.reported.delete(it.id);
          twin.placements = twin.placements.filter(({ id }) => id !== it.id);
        } else {
          const ids = [1, 2, 3].filter((id) => id !== it.failed);
          if (placement.place(three, `h:${9000 + it.failed}`, nowMs)?.id !== twin.place(ids, nowMs)) return false;
        }
        for (const id of [1, 2, 3]) if (placement.load(id, nowMs) !== twin.load(id, nowMs)) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass('500 random histories');
});

/**
 * Balancers that know of each other's placements only through the servers' reports (decisions/0016): a thousand clients
 * ask one of them at random, arrive up to 50 ms later, and are reported to all of them 20 ms after that.
 */
function unevenness(seed: number, balancers: number): number {
  const random = new Prng(seed);
  const tables = Array.from({ length: balancers }, () => new Placement());
  const clients = new Map(three.map(({ id }) => [id, 0]));
  const reported = new Map(three.map(({ id }) => [id, 0]));
  const events: { readonly atMs: number; readonly act: (nowMs: number) => void }[] = [];
  const at = (atMs: number, act: (nowMs: number) => void): void => {
    const behind = events.findIndex((event) => event.atMs > atMs);
    events.splice(behind < 0 ? events.length : behind, 0, { atMs, act });
  };
  const report = (id: number) => (nowMs: number) => {
    const now = clients.get(id) ?? 0;
    for (const table of tables) table.report(id, now, now - (reported.get(id) ?? 0), nowMs);
    reported.set(id, now);
  };
  for (let client = 0; client < 1_000; client++) {
    at(random.below(2_000), (nowMs) => {
      const id = random.pick(tables).place(three, '', nowMs)?.id ?? 0;
      at(nowMs + random.below(50), (arrivedMs) => {
        clients.set(id, (clients.get(id) ?? 0) + 1);
        at(arrivedMs + 20, report(id));
      });
    });
  }
  for (let next = events.shift(); next !== undefined; next = events.shift()) next.act(next.atMs);
  return Math.max(...clients.values()) - Math.min(...clients.values());
}

t.test('two or three balancers that place at the same time keep the servers even', async (t) => {
  const worst = [1, 2, 3].map((balancers) => {
    return Math.max(...Array.from({ length: 50 }, (_, seed) => unevenness(seed, balancers)));
  });
  t.comment(`of 1,000 clients on 3 servers the most and the least differ by ${worst.join(', ')}`);
  t.ok(
    worst.every((difference) => difference <= 30),
    `by ${worst.join(', ')}`,
  );
});
