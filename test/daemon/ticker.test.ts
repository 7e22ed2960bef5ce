/** The replica's ticks: by the clock, a few after a stall, and after what else came in that turn. */
import t, { type Test } from 'tap';
import { limits } from '../../src/base/index.js';
import { Ticker } from '../../src/daemon/server/ticker.js';
import { Stage, Turn } from '../../src/net/index.js';
import { busyMs, until } from '../support/until.js';

const { tickMs, ticksPerFiring } = limits;

/** The interval is a real one, the clock it reads is the test's: `at` sets it and waits for the firing that sees it. */
function rig(t: Test) {
  let nowMs = 5_000;
  let reads = 0;
  let run: (() => void) | undefined;
  const happened: string[] = [];
  const clock = {
    monotonicMs: () => {
      reads++;
      return nowMs;
    },
  };
  const turn = new Turn((end) => {
    run = end;
  });
  const ticker = new Ticker(clock, turn, (ticks) => happened.push(`${ticks} ticks`));
  ticker.start();
  t.teardown(() => ticker.stop());
  const at = async (ms: number): Promise<void> => {
    nowMs = 5_000 + ms;
    const before = reads;
    await until('a firing of the interval', busyMs, () => reads > before);
  };
  const endTurn = (): string[] => {
    run?.();
    run = undefined;
    return happened.splice(0);
  };
  return { ticker, turn, happened, at, endTurn };
}

t.test('one for each interval that has passed, on the grid of the first', async (t) => {
  const { at, endTurn } = rig(t);
  await at(tickMs - 1);
  t.same(endTurn(), [], 'none is due');
  await at(tickMs * 1.5);
  t.same(endTurn(), ['1 ticks']);
  await at(tickMs * 2);
  t.same(endTurn(), ['1 ticks'], 'half an interval later: the lateness does not add up');
});

t.test('after a stall a few, never the backlog', async (t) => {
  const { at, endTurn, ticker } = rig(t);
  await at(tickMs);
  endTurn();
  await at(tickMs * 500);
  t.same(endTurn(), [`${ticksPerFiring} ticks`]);
  await at(tickMs * 501);
  t.same(endTurn(), ['1 ticks'], 'the rest of it never comes');
  t.ok(ticker.loopDelay.sum > (tickMs * 490) / 1000, 'and it is counted as delay');
});

t.test('what came in the same turn is heard first', async (t) => {
  const { at, endTurn, turn, happened } = rig(t);
  await at(tickMs);
  for (const [name, stage] of Object.entries(Stage))
    if (stage !== Stage.closed) turn.defer(() => happened.push(name), stage);
  const order = endTurn();
  t.equal(order.at(-1), '1 ticks', order.join(', '));
});
