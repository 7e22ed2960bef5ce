/** GET /metrics: live counters per proxy, link and kind in Prometheus' text form, read only when they are asked for. */
import { Counter, Gauge, Registry } from 'prom-client';
import { kindOf } from '../engine/faults.js';
import { outcomes } from '../engine/link-counts.js';
import type { Controlled } from '../server.js';
import type { Route } from './route.js';

/** Sets one metric's values; called at each scrape. */
type Collect = (set: (labels: Record<string, string | number>, value: number) => void) => void;

export function metricRoutes(controlled: Controlled): Route[] {
  const registry = new Registry();
  describeMetrics(controlled, registry);
  return [
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({ status: 200, text: await registry.metrics(), contentType: registry.contentType }),
    },
  ];
}

function describeMetrics({ world, proxies }: Controlled, registry: Registry): void {
  const { faults } = world;
  const metric =
    (Kind: typeof Counter | typeof Gauge) =>
    (name: string, help: string, labelNames: string[], collect: Collect): void => {
      const made: Counter | Gauge = new Kind({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          made.reset();
          collect((labels, value) => made.inc(labels, value));
        },
      });
    };
  const counter = metric(Counter);
  const gauge = metric(Gauge);
  const linkLabels = ['from', 'to', 'kind'];
  counter('synod_proxy_frames_total', 'Frames that arrived, by link and kind.', linkLabels, (set) => {
    for (const { from, to, counts } of faults.links) {
      counts.frames.forEach((count, code) => {
        if (count > 0) set({ from, to, kind: kindOf(code) }, count);
      });
    }
  });
  for (const outcome of outcomes) {
    counter(`synod_proxy_frames_${outcome}_total`, `Frames ${outcome}, by link and kind.`, linkLabels, (set) => {
      for (const { from, to, counts } of faults.links) {
        counts.frames.forEach((_, code) => {
          const count = counts.of(outcome, code);
          if (count > 0) set({ from, to, kind: kindOf(code) }, count);
        });
      }
    });
  }
  counter('synod_proxy_frame_bytes_total', 'Bytes of frames that arrived, by link.', ['from', 'to'], (set) => {
    for (const { from, to, counts } of faults.links) if (counts.bytes > 0) set({ from, to }, counts.bytes);
  });
  gauge('synod_proxy_held_frames', 'Frames that rules hold back now, by link.', ['from', 'to'], (set) => {
    const held = new Map<string, { labels: Record<string, string | number>; count: number }>();
    for (const { link, heldFrames } of faults.lines) {
      if (heldFrames === 0) continue;
      const entry = held.get(link.name) ?? { labels: { from: link.from, to: link.to }, count: 0 };
      entry.count += heldFrames;
      held.set(link.name, entry);
    }
    for (const { labels, count } of held.values()) set(labels, count);
  });
  counter('synod_proxy_rule_matches_total', 'Frames and connections that a rule means.', ['rule'], (set) => {
    for (const { rule, matched } of faults.book.list()) set({ rule: rule.id }, matched);
  });
  counter('synod_proxy_rule_actions_total', 'Frames and connections that a rule acted on.', ['rule'], (set) => {
    for (const { rule, applied } of faults.book.list()) set({ rule: rule.id }, applied);
  });
  gauge('synod_proxy_connections', 'Open connections, by proxy.', ['proxy'], (set) => {
    for (const { name, connections } of proxies.list()) set({ proxy: name }, connections.size);
  });
  counter('synod_proxy_connections_total', 'Connections accepted, by proxy.', ['proxy'], (set) => {
    for (const { name, accepted } of proxies.list()) set({ proxy: name }, accepted);
  });
  counter('synod_proxy_foreign_total', 'Connections whose stream is not made of our frames.', ['proxy'], (set) => {
    for (const { name, foreignConnections } of proxies.list()) set({ proxy: name }, foreignConnections);
  });
  const trafficLabels = ['direction', 'listener', 'proxy', 'upstream'];
  for (const what of ['received', 'sent'] as const) {
    const name = `toxiproxy_proxy_${what}_bytes_total`;
    counter(name, `Bytes ${what}, as Toxiproxy counts them, but live.`, trafficLabels, (set) => {
      for (const { name: proxy, listen: listener, upstream, traffic } of proxies.list()) {
        for (const direction of ['upstream', 'downstream'] as const) {
          set({ direction, listener, proxy, upstream }, traffic[direction][what]);
        }
      }
    });
  }
}
