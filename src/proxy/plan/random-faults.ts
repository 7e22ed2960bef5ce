/** One fault drawn at random: what a random schedule and the nemesis set on a cluster. */
import type { Draw } from './draw.js';
import { PlanError, quoted } from './errors.js';
import type { JsonObject } from './fields.js';

type Make = (servers: readonly number[], draw: Draw) => JsonObject;

/** By name: a preset or a rule in the form that the API takes, without an id. */
const faults: Readonly<Record<string, Make>> = {
  cut(servers, draw) {
    const [a, b] = two(servers, draw);
    return { preset: 'cut', a, b, oneWay: draw.below(2) === 0 };
  },
  isolate: (servers, draw) => ({ preset: 'isolate', server: shuffled(servers, draw)[0] }),
  halves(servers, draw) {
    const order = shuffled(servers, draw);
    const at = 1 + draw.below(order.length - 1);
    return { preset: 'halves', groups: [order.slice(0, at), order.slice(at)] };
  },
  bridge: (servers, draw) => ({ preset: 'bridge', server: shuffled(servers, draw)[0], servers }),
  random: (servers, draw) => ({ preset: 'random', servers, probability: (1 + draw.below(5)) / 10 }),
  delay(servers, draw) {
    const [a, b] = two(servers, draw);
    return { preset: 'delay', a, b, distribution: 'uniform', least: 0, most: 10 * (1 + draw.below(50)) };
  },
  longTail: (_servers, draw) =>
    onAny(draw, { type: 'delay', distribution: 'longTail', least: 1 + draw.below(20), most: '10s' }, 0.3),
  loss(servers, draw) {
    const [a, b] = two(servers, draw);
    return { preset: 'loss', a, b, probability: (1 + draw.below(10)) / 20 };
  },
  duplicate: (_servers, draw) =>
    onAny(draw, { type: 'duplicate', copies: 1 + draw.below(3), gap: draw.below(50) }, 0.5),
  reorder: (_servers, draw) => onAny(draw, { type: 'reorder', frames: 1 + draw.below(8), within: '200ms' }, 0.3),
  clog(servers, draw) {
    const [a, b] = two(servers, draw);
    return { match: { from: a, to: b }, do: { type: 'clog' } };
  },
  throttle: (_servers, draw) => onAny(draw, { type: 'throttle', bytesPerSecond: 20_000 * (1 + draw.below(20)) }, 1),
  corrupt: (_servers, draw) => ({
    match: { from: '*', to: '*', every: 50 + draw.below(500) },
    do: { type: 'corrupt', what: ['payload', 'length', 'truncate'][draw.below(3)] },
  }),
  reset: (_servers, draw) => ({ match: { from: '*', to: '*', every: 50 + draw.below(500) }, do: 'reset' }),
  cutMidFrame: (_servers, draw) => ({ match: { from: '*', to: '*', every: 50 + draw.below(500) }, do: 'cutMidFrame' }),
};

/** The names a schedule may choose from. */
export const randomFaultNames: readonly string[] = Object.keys(faults);

/** How many servers there must be for the fault of that name. */
export function serversNeeded(name: string): number {
  return name === 'bridge' ? 3 : 2;
}

/** Draws the parameters of the fault of that name. @throws PlanError */
export function randomFault(name: string, servers: readonly number[], draw: Draw): JsonObject {
  const make = faults[name];
  if (make === undefined) {
    throw new PlanError(`${quoted(name)} is no fault to choose; there is ${randomFaultNames.join(', ')}`);
  }
  const least = serversNeeded(name);
  if (servers.length < least) throw new PlanError(`servers: ${name} needs ${least}: name more of them`);
  return make(servers, draw);
}

function onAny(draw: Draw, action: JsonObject, probability: number): JsonObject {
  const kinds = draw.below(2) === 0 ? {} : { classes: ['p', 'a', 'c', 'g', 'r'][draw.below(5)] };
  return { match: { from: '*', to: '*', probability, ...kinds }, do: action };
}

function two(servers: readonly number[], draw: Draw): readonly [number, number] {
  const order = shuffled(servers, draw);
  return [order[0] as number, order[1] as number];
}

function shuffled(servers: readonly number[], draw: Draw): number[] {
  const out = servers.slice();
  for (let i = out.length - 1; i > 0; i--) {
    const j = draw.below(i + 1);
    [out[i], out[j]] = [out[j] as number, out[i] as number];
  }
  return out;
}
