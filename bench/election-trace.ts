/** What servers logged about links and elections around a moment: the trace that explains a slow election. */
import type { Cluster } from '../test/support/cluster.js';
import type { Program } from '../test/support/program.js';

/** A logged event, and when, by this process's monotonic clock. */
export interface LoggedEvent {
  readonly atMs: number;
  readonly server: number;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What all processes of these servers, killed ones included, have logged and the harness still keeps, by time. */
export function loggedEvents(cluster: Cluster): LoggedEvent[] {
  return cluster.programs.flatMap(eventsOf).sort((a, b) => a.atMs - b.atMs);
}

/** One line an event, with the time since `zeroMs`. */
export function eventText({ atMs, server, event, fields }: LoggedEvent, zeroMs: number): string {
  return `${(atMs - zeroMs).toFixed(0).padStart(6)} ms  server ${server}  ${event} ${JSON.stringify(fields)}`;
}

function eventsOf({ title, stderr }: Program): LoggedEvent[] {
  const server = Number(/^synod server .*--id (\d+)/.exec(title)?.[1]);
  if (!(server > 0)) return [];
  return stderr.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    const { time, event, level: _level, component: _component, ...fields } = JSON.parse(line) as LoggedLine;
    return [{ atMs: Date.parse(time) - performance.timeOrigin, server, event, fields }];
  });
}

interface LoggedLine {
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}
