/** Part 6: how long calls of the control API take while traffic flows, in one stream or on many connections. */

import { dialAll } from './proxy-crowd.js';
import { EchoLoop } from './proxy-echo.js';
import { Flood } from './proxy-flood.js';
import type { ControlApi } from './proxy-programs.js';
import type { Stand } from './proxy-ways.js';
import { atMost, type Part, type Row } from './report.js';

/** A call by the name under which it is reported. */
type Call = readonly [name: string, run: (api: ControlApi, turn: number) => Promise<unknown>];

const rule = { id: 'in-between', match: { probability: 1e-9 }, do: { type: 'delay', time: '1ms' } };
/** On the stream's own direction: every chunk of it passes the toxic that is changed. */
const toxic = { name: 'slow', type: 'latency', stream: 'upstream', attributes: { latency: 0 } };

const calls: readonly Call[] = [
  ['GET /links', (api) => api.call('GET', '/links')],
  ['GET /metrics', (api) => api.call('GET', '/metrics')],
  ['POST /rules', (api) => api.call('POST', '/rules', rule)],
  ['DELETE /rules/…', (api) => api.call('DELETE', `/rules/${rule.id}`)],
  ['PATCH …/toxics/…', (api, turn) => api.call('PATCH', '/proxies/count/toxics/slow', latencyOf(turn))],
];

export async function apiCalls(
  stand: Stand,
  options: { readonly calls: number; readonly connections: number },
): Promise<Part> {
  const { farEnd, proxy, withRules } = stand;
  await withRules.prepare();
  await proxy.api.call('POST', '/proxies/count/toxics', toxic);
  const flood = await Flood.start(farEnd, proxy.ports.count, 64);
  const atFullSpeed = await worstMs(proxy.api, options.calls);
  await flood.stop();
  const sockets = await dialAll(proxy.ports.echo, options.connections);
  const loop = new EchoLoop(sockets, 64, 16);
  loop.start();
  const inACrowd = await worstMs(proxy.api, options.calls);
  await loop.stop();
  for (const socket of sockets) socket.destroy();
  await proxy.api.call('DELETE', '/proxies/count/toxics/slow');
  const situations = { 'stream of 64 B': atFullSpeed, [`${options.connections} connections`]: inACrowd };
  const rows: Row[] = calls.map(([name]) => ({
    what: `${name}, worst ms`,
    by: Object.fromEntries(Object.entries(situations).map(([situation, worst]) => [situation, worst.get(name) ?? 0])),
  }));
  const worst = Math.max(...atFullSpeed.values(), ...inACrowd.values());
  return {
    title: `Calls of the API while traffic flows, ${options.calls} of each`,
    rows,
    goals: [atMost('worst call of the API, ms', worst, 100)],
  };
}

/** The longest that each call took. */
async function worstMs(api: ControlApi, rounds: number): Promise<Map<string, number>> {
  const worst = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of calls) {
      const startMs = performance.now();
      await run(api, round);
      worst.set(name, Math.max(worst.get(name) ?? 0, performance.now() - startMs));
    }
  }
  return worst;
}

function latencyOf(turn: number): unknown {
  return { attributes: { latency: turn % 2 } };
}
