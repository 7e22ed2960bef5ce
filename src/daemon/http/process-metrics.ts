/** Metrics of the process itself: read from what the system counts anyway, so that nothing is sampled in between. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../base/index.js';
import type { Metric } from './metric.js';

export interface ProcessFacts {
  /** Of this package. */
  readonly version: string;
  readonly role: 'server' | 'balancer';
  readonly clock: Clock;
}

export function processMetrics({ version, role, clock }: ProcessFacts): readonly Metric[] {
  const startedSeconds = clock.wallMs() / 1000 - process.uptime();
  return [
    {
      name: 'synod_build_info',
      help: 'Always 1; which release runs, in which role, on which Node.',
      kind: 'gauge',
      read: () => [{ labels: { version, role, node: process.version }, value: 1 }],
    },
    {
      name: 'synod_process_start_time_seconds',
      help: 'When the process began, in seconds since 1970.',
      kind: 'gauge',
      read: () => startedSeconds,
    },
    {
      name: 'synod_process_cpu_seconds_total',
      help: 'Processor time of the process, in user code and in the kernel.',
      kind: 'counter',
      read: () => {
        const { user, system } = process.cpuUsage();
        return [
          { labels: { mode: 'user' }, value: user / 1e6 },
          { labels: { mode: 'system' }, value: system / 1e6 },
        ];
      },
    },
    {
      name: 'synod_process_resident_memory_bytes',
      help: 'Resident memory of the process.',
      kind: 'gauge',
      read: () => process.memoryUsage.rss(),
    },
    {
      name: 'synod_event_loop_busy_seconds_total',
      help: 'Time that the event loop was not waiting; at a rate near 1 the process has no time left.',
      kind: 'counter',
      read: () => performance.eventLoopUtilization().active / 1000,
    },
  ];
}
