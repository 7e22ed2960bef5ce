/** The member table: what all servers say of themselves, put together, as JSON fields and as lines. */
import { type Column, limits, renderTable, sanitise } from '../base/index.js';
import { type SeatAddress, type Seats, type ServerRow, type Status, seatState, takesOf, upRow } from '../wire/index.js';
import { newestSeats } from './newest-seats.js';

/** What came of asking one server. */
export type Probe =
  | {
      readonly ok: true;
      readonly address: string;
      readonly status: Status;
      /** Undefined if it does not know the question. */
      readonly seats: Seats | undefined;
      readonly rttMs: number;
    }
  /** `id` is 0 when nobody told it. */
  | { readonly ok: false; readonly id: number; readonly address: string; readonly reason: string };

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
  const newest = newestSeats(up.flatMap(({ seats }) => seats ?? []))?.seats;
  const servers = probes.map((probe) => row(probe, committedMax, newest)).sort((a, b) => a.id - b.id);
  const own = newest?.filter(({ takes }) => takes === 0).length;
  const members = own ?? (size > 0 ? size : Math.max(probes.length, known?.members.length ?? 0));
  const voters = servers.filter(({ state, seat }) => state === 'up' && (seat === null || seat === 'votes')).length;
  return {
    cluster: cluster !== '' || known === undefined ? cluster : Buffer.from(known.clusterId).toString('hex'),
    quorum: { up: voters, size: members, ok: 2 * voters > members && happy.length > 0 },
    leader: leader?.status.serverId ?? happy[0]?.status.leader ?? 0,
    servers,
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

/** Everything is as it should be: all up with a vote, a working quorum, nobody recovering, no faults switched on. */
export function isSound(view: StatusView): boolean {
  const { quorum, servers } = view;
  const allUp = quorum.up === quorum.size && servers.every((server) => server.state === 'up');
  return (
    allUp &&
    quorum.ok &&
    servers.every(
      ({ role, hasLeader, lag, faults, seat }) =>
        role !== 'recovering' &&
        hasLeader === true &&
        // Under load a follower is always a few slots behind.
        (lag ?? 0) <= limits.learnerBehindSlotsMax &&
        faults === '' &&
        (seat === null || seat === 'votes'),
    )
  );
}

function row(probe: Probe, committedMax: number, newest: readonly SeatAddress[] | undefined): ServerRow {
  const id = probe.ok ? probe.status.serverId : probe.id;
  const takes = takesOf(id, newest);
  const seat = seatState(id, probe.ok ? probe.seats : undefined, newest);
  const { address } = probe;
  if (probe.ok) {
    return upRow(probe.status, { address, rttMs: Math.round(probe.rttMs * 10) / 10, seat, takes, committedMax });
  }
  return {
    id,
    address,
    state: 'down',
    role: null,
    ballot: null,
    committed: null,
    applied: null,
    lag: null,
    hasLeader: null,
    clients: null,
    rttMs: null,
    http: null,
    faults: null,
    note: probe.reason,
    seat,
    takes,
  };
}

/** For people: what it does among the members; whoever has no vote does nothing else. */
export function roleText({ role, seat, takes }: ServerRow): string {
  const whose = takes === 0 ? '' : ` for s${takes}`;
  if (seat === 'none') return 'no member';
  if (seat === 'learns') return `learner${whose}`;
  if (seat === 'waits') return takes === 0 ? 'newcomer' : `invited${whose}`;
  return role ?? '-';
}

const columns: readonly Column<ServerRow>[] = [
  { title: 'ID', cell: (server) => (server.id === 0 ? '?' : `s${server.id}`) },
  { title: 'ADDRESS', cell: (server) => sanitise(server.address === '' ? '-' : server.address) },
  { title: 'STATE', cell: (server) => (server.state === 'up' ? 'up' : 'DOWN') },
  { title: 'ROLE', cell: roleText },
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
  return [...renderTable(columns, view.servers), summaryLine(view)];
}

/** Quorum, leader and faults. */
export function summaryLine({ quorum, leader, servers }: StatusView): string {
  const faulty = servers.filter((server) => server.faults !== null && server.faults !== '');
  const faults = faulty.map((server) => `s${server.id} ${sanitise(server.faults ?? '')}`).join(', ');
  const summary = [
    `quorum ${quorum.up}/${quorum.size} ${quorum.ok ? 'ok' : 'NOT OK'}`,
    leader === 0 ? 'no leader' : `leader s${leader}`,
    `faults: ${faults === '' ? 'none' : faults}`,
  ];
  return summary.join(' · ');
}
