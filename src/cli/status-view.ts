/** The member table: what all servers say of themselves, put together, as JSON fields and as lines. */
import { sanitise } from '../base/index.js';
import type { Status } from '../wire/index.js';
import { type Column, renderTable } from './table.js';

/** What came of asking one server. */
export type Probe =
  | { readonly ok: true; readonly address: string; readonly status: Status; readonly rttMs: number }
  /** `id` is 0 when nobody told it. */
  | { readonly ok: false; readonly id: number; readonly address: string; readonly reason: string };

/** A row of `status --json`; null where a server that is down can't be asked. */
export interface ServerRow {
  readonly id: number;
  readonly address: string;
  readonly state: 'up' | 'down';
  readonly role: 'leader' | 'follower' | 'recovering' | null;
  readonly ballot: string | null;
  readonly committed: number | null;
  readonly applied: number | null;
  /** Slots that the most advanced server has committed and this one has not applied. */
  readonly lag: number | null;
  readonly clients: number | null;
  readonly rttMs: number | null;
  readonly http: string | null;
  readonly faults: string | null;
  readonly note: string;
}

/** What `status --json` prints. */
export interface StatusView {
  readonly cluster: string;
  readonly quorum: { readonly up: number; readonly size: number; readonly ok: boolean };
  /** 0 when nobody leads. */
  readonly leader: number;
  readonly servers: readonly ServerRow[];
}

/** Puts the answers together. `size` and `cluster` may be unknown (0, ''); the servers' own answers then fill in. */
export function statusView(probes: readonly Probe[], size: number, cluster: string): StatusView {
  const up = probes.flatMap((probe) => (probe.ok ? [probe] : []));
  const committedMax = Math.max(0, ...up.map((probe) => probe.status.committed));
  const happy = up.filter((probe) => probe.status.happy);
  const leader = up.find((probe) => probe.status.role === 'leader' && probe.status.happy);
  const known = up[0]?.status;
  const members = size > 0 ? size : Math.max(probes.length, known?.members.length ?? 0);
  return {
    cluster: cluster !== '' || known === undefined ? cluster : Buffer.from(known.clusterId).toString('hex'),
    quorum: { up: up.length, size: members, ok: 2 * up.length > members && happy.length > 0 },
    leader: leader?.status.serverId ?? happy[0]?.status.leader ?? 0,
    servers: probes.map((probe) => row(probe, committedMax)).sort((a, b) => a.id - b.id),
  };
}

/** Servers that the answers name but that were not asked: with --servers a person may have named only one. */
export function unasked(probes: readonly Probe[]): { id: number; address: string }[] {
  const asked = new Set(probes.map((probe) => (probe.ok ? probe.status.serverId : probe.id)));
  const addresses = new Set(probes.map((probe) => probe.address));
  const found = new Map<number, string>();
  for (const probe of probes) {
    for (const { id, address } of probe.ok ? probe.status.members : []) {
      if (!asked.has(id) && !addresses.has(address)) found.set(id, address);
    }
  }
  return [...found].map(([id, address]) => ({ id, address }));
}

/** Everything is as it should be: all up, a working quorum, nobody recovering, no faults switched on. */
export function isSound(view: StatusView): boolean {
  const { quorum, servers } = view;
  const allUp = quorum.up === quorum.size && servers.every((server) => server.state === 'up');
  return allUp && quorum.ok && servers.every((server) => server.role !== 'recovering' && server.faults === '');
}

function row(probe: Probe, committedMax: number): ServerRow {
  if (!probe.ok) {
    return {
      id: probe.id,
      address: probe.address,
      state: 'down',
      role: null,
      ballot: null,
      committed: null,
      applied: null,
      lag: null,
      clients: null,
      rttMs: null,
      http: null,
      faults: null,
      note: probe.reason,
    };
  }
  const { status } = probe;
  return {
    id: status.serverId,
    address: probe.address,
    state: 'up',
    // A candidate follows nobody yet and leads nobody either; scripts know three roles.
    role: status.role === 'candidate' ? 'follower' : status.role,
    ballot: `${status.ballot.round}.${status.ballot.server}`,
    committed: status.committed,
    applied: status.applied,
    lag: Math.max(0, committedMax - status.applied),
    clients: status.clients,
    rttMs: Math.round(probe.rttMs * 10) / 10,
    http: status.http,
    faults: status.faults,
    note: status.note,
  };
}

const columns: readonly Column<ServerRow>[] = [
  { title: 'ID', cell: (server) => (server.id === 0 ? '?' : `s${server.id}`) },
  { title: 'ADDRESS', cell: (server) => sanitise(server.address === '' ? '-' : server.address) },
  { title: 'STATE', cell: (server) => (server.state === 'up' ? 'up' : 'DOWN') },
  { title: 'ROLE', cell: (server) => server.role ?? '-' },
  { title: 'BALLOT', cell: (server) => server.ballot ?? '-' },
  { title: 'COMMITTED', right: true, cell: (server) => String(server.committed ?? '-') },
  { title: 'APPLIED', right: true, cell: (server) => String(server.applied ?? '-') },
  { title: 'LAG', right: true, cell: (server) => String(server.lag ?? '-') },
  { title: 'CLIENTS', right: true, cell: (server) => String(server.clients ?? '-') },
  { title: 'RTT', right: true, cell: (server) => (server.rttMs === null ? '-' : `${server.rttMs}ms`) },
  { title: 'NOTE', cell: (server) => sanitise(server.note) },
];

/** The table and the line below it. */
export function statusLines(view: StatusView): string[] {
  const { quorum, leader, servers } = view;
  const faulty = servers.filter((server) => server.faults !== null && server.faults !== '');
  const faults = faulty.map((server) => `s${server.id} ${sanitise(server.faults ?? '')}`).join(', ');
  const summary = [
    `quorum ${quorum.up}/${quorum.size} ${quorum.ok ? 'ok' : 'NOT OK'}`,
    leader === 0 ? 'no leader' : `leader s${leader}`,
    `faults: ${faults === '' ? 'none' : faults}`,
  ];
  return [...renderTable(columns, servers), summary.join(' · ')];
}
