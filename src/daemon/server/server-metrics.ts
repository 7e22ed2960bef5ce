/** The metrics of a server, each with what it means. docs/METRICS.md has the same list; a test compares the two. */
import { limits } from '../../base/index.js';
import { byReason, type Metric } from '../http/index.js';
import { bestCommit, type Measured } from './figures.js';

/** Reasons that a dashboard should show as 0 before the first one happens. */
const usualReasons = ['TOO_SLOW', 'SILENT', 'PROTOCOL_ERROR'] as const;

/** `strangers`: connections ended before they said who they are. */
export function serverMetrics(measured: Measured, strangers: ReadonlyMap<string, number>): readonly Metric[] {
  return [
    ...timesOf(measured),
    ...logOf(measured),
    ...standingOf(measured),
    ...queuesOf(measured),
    ...connectionsOf(measured, strangers),
  ];
}

function timesOf({ driver, wal, clients, loopDelay }: Measured): readonly Metric[] {
  return [
    {
      name: 'synod_commit_seconds',
      help: 'From the arrival of a message at this server to its answer; one value a message.',
      kind: 'histogram',
      read: () => clients.commitSeconds,
    },
    {
      name: 'synod_chosen_seconds',
      help: 'At the leader: from the proposal of a slot to its being known as chosen.',
      kind: 'histogram',
      read: () => driver.figures.chosenSeconds,
    },
    {
      name: 'synod_log_sync_seconds',
      help: 'One sync of the log.',
      kind: 'histogram',
      read: () => wal.figures.syncSeconds,
    },
    {
      name: 'synod_log_sync_bytes',
      help: 'Bytes made durable by one sync of the log.',
      kind: 'histogram',
      read: () => wal.figures.batchBytes,
    },
    {
      name: 'synod_log_sync_records',
      help: 'Records made durable by one sync of the log.',
      kind: 'histogram',
      read: () => wal.figures.batchRecords,
    },
    {
      name: 'synod_slot_messages',
      help: 'Messages, joins, leaves and topics decided by one slot, of slots that decide any; the sum is all of them.',
      kind: 'histogram',
      read: () => driver.figures.slotMessages,
    },
    {
      name: 'synod_event_loop_delay_seconds',
      help: `How late the event loop comes to what is due every ${limits.tickMs} ms.`,
      kind: 'histogram',
      read: () => loopDelay,
    },
  ];
}

function logOf({ driver, wal, chat }: Measured): readonly Metric[] {
  return [
    {
      name: 'synod_committed_slot',
      help: 'The last slot that this server knows to be chosen, with all before it.',
      kind: 'gauge',
      read: () => driver.view.commit,
    },
    {
      name: 'synod_applied_slot',
      help: 'The last slot applied.',
      kind: 'gauge',
      read: () => chat.applied,
    },
    {
      name: 'synod_lag_slots',
      help: 'Slots that some server heard from has committed and this one has not applied.',
      kind: 'gauge',
      read: () => Math.max(0, bestCommit({ driver }) - chat.applied),
    },
    {
      name: 'synod_log_appended_bytes_total',
      help: 'Bytes of records appended to the log.',
      kind: 'counter',
      read: () => wal.appendedBytes,
    },
    {
      name: 'synod_log_segments',
      help: 'Segments of the log that hold records.',
      kind: 'gauge',
      read: () => wal.segments.length,
    },
    {
      name: 'synod_disk_full',
      help: '1 while the disk is full and this server only reads.',
      kind: 'gauge',
      read: () => Number(wal.full),
    },
    {
      name: 'synod_fetches_state',
      help: '1 while this server takes over the state of another one.',
      kind: 'gauge',
      read: () => Number(driver.fetchesState),
    },
  ];
}

function standingOf({ driver, others }: Measured): readonly Metric[] {
  return [
    {
      name: 'synod_is_leader',
      help: '1 while this server leads.',
      kind: 'gauge',
      read: () => Number(driver.view.role === 'leader' && !driver.view.abdicated),
    },
    {
      name: 'synod_has_leader',
      help: '1 while this server knows a leader that a majority follows.',
      kind: 'gauge',
      read: () => Number(driver.view.happy),
    },
    {
      name: 'synod_quorum_up',
      help: '1 while a majority of those who vote is heard, this server included.',
      kind: 'gauge',
      read: () => Number(driver.view.hearsQuorum),
    },
    {
      name: 'synod_peer_heard',
      help: '1 for each other server that is heard.',
      kind: 'gauge',
      read: () => {
        const { heard } = driver.view;
        return others().map((id) => ({ labels: { peer: `${id}` }, value: Number(heard.includes(id)) }));
      },
    },
    {
      name: 'synod_peer_lag_slots',
      help: 'Slots that this server has committed and a peer, as it said last, has not. Only of peers that are heard.',
      kind: 'gauge',
      read: () => {
        const own = driver.view.commit;
        return driver.heardCommits.map(({ id, commit }) => ({
          labels: { peer: `${id}` },
          value: Math.max(0, own - commit),
        }));
      },
    },
    {
      name: 'synod_elections_started_total',
      help: 'Campaigns begun by this server.',
      kind: 'counter',
      read: () => driver.figures.campaigns,
    },
    {
      name: 'synod_elections_won_total',
      help: 'Campaigns that made this server leader.',
      kind: 'counter',
      read: () => driver.figures.wins,
    },
    {
      name: 'synod_leader_changes_seen_total',
      help: 'How often this server saw another leader than the one before, the first included.',
      kind: 'counter',
      read: () => driver.figures.leaderChanges,
    },
  ];
}

function queuesOf({ driver, wal, clients, peers }: Measured): readonly Metric[] {
  return [
    {
      name: 'synod_unanswered_bytes',
      help: 'Bytes of messages taken from clients and not answered.',
      kind: 'gauge',
      read: () => clients.unansweredBytes,
    },
    {
      name: 'synod_log_pending_bytes',
      help: 'Bytes of records that wait for the disk.',
      kind: 'gauge',
      read: () => wal.pendingBytes,
    },
    {
      name: 'synod_outbound_bytes',
      help: 'Bytes that wait for connections to take them.',
      kind: 'gauge',
      read: () => [
        { labels: { to: 'clients' }, value: clients.links.outboundBytes },
        { labels: { to: 'servers' }, value: peers.outboundBytes },
      ],
    },
    {
      name: 'synod_gate_waiting_frames',
      help: 'Frames that wait until what they vouch for is on disk.',
      kind: 'gauge',
      read: () => driver.gateWaiting,
    },
    {
      name: 'synod_slots_in_flight',
      help: 'As leader: slots proposed and not chosen.',
      kind: 'gauge',
      read: () => driver.view.inFlight,
    },
    {
      name: 'synod_batches_pending',
      help: "Batches of this server's clients that have no place in the log yet.",
      kind: 'gauge',
      read: () => driver.view.pendingBatches,
    },
    {
      name: 'synod_resubmissions_total',
      help: 'How often something of a client was submitted again because its place was lost.',
      kind: 'counter',
      read: () => clients.resubmitted,
    },
    {
      name: 'synod_frames_ignored_total',
      help: 'Frames of other servers that were lawfully ignored.',
      kind: 'counter',
      read: () => driver.framesIgnored,
    },
    {
      name: 'synod_frames_dropped_total',
      help: 'Frames to other servers that were dropped: their link was down or full, or too many waited for the disk.',
      kind: 'counter',
      read: () => [
        { labels: { at: 'link' }, value: peers.dropped },
        { labels: { at: 'gate' }, value: driver.gateDropped },
      ],
    },
  ];
}

function connectionsOf({ clients }: Measured, strangers: ReadonlyMap<string, number>): readonly Metric[] {
  return [
    {
      name: 'synod_clients',
      help: 'Clients connected now.',
      kind: 'gauge',
      read: () => clients.links.count,
    },
    {
      name: 'synod_clients_accepted_total',
      help: 'Clients ever accepted.',
      kind: 'counter',
      read: () => clients.links.arrivedEver,
    },
    {
      name: 'synod_clients_dropped_total',
      help: 'Connections of clients and operators that this server ended, by reason.',
      kind: 'counter',
      read: () => byReason(clients.links.droppedFor, usualReasons),
    },
    {
      name: 'synod_strangers_ended_total',
      help: 'Connections ended before they said who they are, by reason.',
      kind: 'counter',
      read: () => byReason(strangers, ['NO_HELLO', 'PROTOCOL_ERROR']),
    },
  ];
}
