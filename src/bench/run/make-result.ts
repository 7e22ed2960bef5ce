/** Puts everything that was measured into the result. */

import { meanBytes } from '../plan/payloads.js';
import type { BenchResult, FaultRecord, HistoryCheck, OpenFigures, ProcessUse } from '../plan/result.js';
import { resultSchema } from '../plan/result.js';
import { judge } from '../plan/slo.js';
import { describeMachine } from './machine.js';
import type { Scene } from './run-bench.js';

/** What was found beside the load's own figures. */
export interface Findings {
  readonly usage: { readonly processes: readonly ProcessUse[]; readonly foreign: number };
  readonly placement: Readonly<Record<string, number>>;
  readonly deliveredInWindow: number;
  readonly missing: number;
  readonly faults: readonly FaultRecord[];
  readonly leaders: { readonly start: number; readonly end: number };
  readonly history: HistoryCheck;
  /** The window was cut short. */
  readonly interrupted: boolean;
}

export function buildResult(scene: Scene, findings: Findings): BenchResult {
  const { target, options, surroundings, load, subscribers, startedAt } = scene;
  const { cluster, open, size } = options;
  const { seconds, counts, perSecond, latencies } = load.window();
  const silence = load.silence;
  const { bins, unsent, window } = load.end();
  const machine = describeMachine(surroundings.packageFolder);
  const [p50Us = null, p90Us = null, p99Us = null, p999Us = null, p9999Us = null] =
    latencies.count === 0 ? [] : latencies.percentilesUs([50, 90, 99, 99.9, 99.99]);
  const isOwn = cluster.kind === 'own';
  const figures = {
    ok: counts.ok,
    failed: counts.failed,
    unknown: counts.unknown,
    opsPerSec: round(perSecond, 1),
    p50Us,
    p90Us,
    p99Us,
    p999Us,
    maxUs: latencies.count === 0 ? null : latencies.maxUs,
    p9999Us,
    meanUs: latencies.count === 0 ? null : Math.round(latencies.meanUs),
  };
  return {
    mode: open === undefined ? 'closed' : 'open',
    clients: options.clients,
    inflight: options.inFlight,
    size: meanBytes(size),
    durable: isOwn ? cluster.durable : null,
    seconds: round(seconds, 3),
    ok: figures.ok,
    failed: figures.failed,
    unknown: figures.unknown,
    opsPerSec: figures.opsPerSec,
    p50Us,
    p90Us,
    p99Us,
    p999Us,
    maxUs: figures.maxUs,
    commit: machine.commit === 'unknown' ? `v${surroundings.version}` : machine.commit,
    cores: machine.cores,
    schema: resultSchema,
    version: surroundings.version,
    changed: machine.changed,
    startedAt,
    seed: options.seed,
    host: machine.host,
    cpu: machine.cpu,
    node: machine.node,
    system: machine.system,
    disk: target.disk,
    p9999Us,
    meanUs: figures.meanUs,
    sizeMin: size.min,
    sizeMax: size.max,
    rooms: options.rooms,
    subscribers: options.subscribers,
    warmupSeconds: options.warmupMs / 1_000,
    cluster: cluster.kind,
    servers: target.servers.length,
    on: String(options.on),
    placement: findings.placement,
    leaders: findings.leaders,
    links: isOwn && cluster.isProxied ? 'proxy' : 'direct',
    linkMode: isOwn ? (cluster.mode?.text ?? '') : '',
    open: open === undefined ? null : openFigures(scene, unsent),
    deliveries:
      options.subscribers === 0
        ? null
        : {
            total: subscribers.delivered,
            perSec: round(findings.deliveredInWindow / seconds, 1),
            missing: findings.missing,
          },
    interrupted: findings.interrupted,
    silence: { atMs: round(silence.atMs - window.startMs, 1), ms: round(silence.ms, 1) },
    history: findings.history,
    slo: judge(options.slo, {
      ...figures,
      silenceUs: Math.round(silence.ms * 1_000),
      unsent: open === undefined ? null : unsent,
    }),
    faults: findings.faults.map(roundTimes),
    foreignCores: isOwn ? findings.usage.foreign : null,
    processes: findings.usage.processes,
    binMs: load.binMs,
    series: bins,
    curve: latencies.curve(),
  };
}

function openFigures({ options: { open }, load }: Scene, unsent: number): OpenFigures {
  const { late, lag } = load.punctuality;
  const [lagP50Us = null, lagP99Us = null] = lag.count === 0 ? [] : lag.percentilesUs([50, 99]);
  return {
    rate: open?.perSecond ?? 0,
    arrivals: open?.arrivals ?? 'uniform',
    late,
    unsent,
    lagP50Us,
    lagP99Us,
    lagMaxUs: lag.count === 0 ? null : lag.maxUs,
  };
}

function roundTimes(fault: FaultRecord): FaultRecord {
  const rounded = (ms: number | null): number | null => (ms === null ? null : round(ms, 1));
  return { ...fault, fromMs: rounded(fault.fromMs), untilMs: rounded(fault.untilMs) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
