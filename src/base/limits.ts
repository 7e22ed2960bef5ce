/** Every bound of the system in one frozen object, each with its reason; how they relate is checked when this loads. */
import { assert } from './assert.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 24 * 3600 * 1000;

export const limits = Object.freeze({
  // --- time inside the replica (PAXOS.md, Timers) ---------------------------------------------------------------
  /** One tick of the pure core. A tenth of a heartbeat: fine enough for every timer below, cheap when idle. */
  tickMs: 10,
  /**
   * Heartbeat round. With 3 rounds this notices a silent leader in 0.3 s and costs 10 small frames a second per link.
   */
  heartbeatMs: 100,
  /** A peer is heard while it answered one of this many last rounds: one lost frame or a GC pause blames nobody. */
  heardRounds: 3,
  /** … and of at most this many where answers take long: beyond a second of silence nobody is waited for. */
  heardRoundsMax: 10,
  /** Prepare and accept are sent again after this: above the p99.9 of a synced round, below patience. */
  resendMs: 300,
  /**
   * The leader repeats its latest commit to followers that show a lower commit: a lost last one is otherwise never made
   * up.
   */
  commitRepeatMs: 500,
  /** The first question of a server that starts is repeated after this if its peer is heard: two heartbeat rounds. */
  greetRetryMs: 200,
  /** An unanswered learn goes to another heard peer after this. */
  learnRetryMs: 1000,
  /** A forward without ForwardOk is sent again after this, doubling … */
  forwardRetryMs: 500,
  /** … up to this: a leader delayed by seconds must not be flooded with copies. */
  forwardRetryMaxMs: 8000,
  /** A leader or candidate without progress for this long abdicates … */
  patienceMs: 1000,
  /** … and its patience doubles up to this, so that slow disks on all servers do not depose everyone in turn. */
  patienceMaxMs: 60_000,
  /** After abdicating no campaign for at least this long: somebody else must get the chance. */
  cooldownMs: 2000,
  /**
   * First step of the random back-off between campaigns: above a round trip plus a sync, so that one candidate
   * finishes.
   */
  campaignBackoffMs: 100,
  /** Earliest prepare above a starved follower's promise: at least this, else two last prepares. */
  repreparMs: 1000,
  /** Without a leader for this long while a neighbour is happy, a server asks its clients to move. */
  moveMs: 1000,
  /** A stopping leader waits this long for what is in flight before it hands over. */
  handoverMs: 1000,
  /** Slots behind the best heard server that add one step of jitter to a campaign, so that the freshest one wins. */
  behindSlotsPerStep: 1000,
  /** At most this many such steps: a server far behind must still be able to win when it is the only one left. */
  behindStepsMax: 5,
  /** What one entry may add to the log clock: a leader that slept for an hour must not expire every session at once. */
  logClockStepMsMax: 60_000,

  // --- what operators decide (decision 0018) -----------------------------------------------------------------------
  /** The longest age a room may keep messages for: a century, far below what a u53 of milliseconds holds. */
  retainAgeMsMax: 36_525 * DAY_MS,
  /** The shortest: below it the steps of the log clock, a heartbeat of entries, would decide rather than the age. */
  retainAgeMsMin: 1000,
  /** Parts of a room's age: events go at most one of them late, and the room costs two notes of a time for each. */
  retainMarks: 64,
  /** A reason that is shown to whoever is refused: a sentence, in UTF-8. Its length is one byte. */
  whyBytesMax: 200,
  /** Decisions that wait for the log, of all operators of a server together: people type them. */
  decisionsMax: 64,
  /** How long one waits to be decided before its operator hears nothing: several elections. */
  decisionMs: 5000,
  /** Names in one answer to an operator: with reasons well within a client's frame. */
  namesPerAnswer: 1000,

  // --- slots in flight ------------------------------------------------------------------------------------------
  /** Slots proposed and not yet chosen. Two syncs of 200 µs overlap well below this; beyond it clients hear "busy". */
  windowSlots: 256,
  /** Bytes proposed and not yet chosen: what a leader must be able to resend from memory. */
  windowBytes: 32 * MIB,
  /**
   * An acceptor ignores accepts further above its commit index than this: a peer cannot make it keep a million votes.
   */
  acceptAheadSlots: 4096,
  /**
   * α: nobody proposes further ahead of what it has applied, so that new members, who govern from so many slots after
   * the entry that decided on them, are known to whoever proposes there. No-ops fill the gap at a change …
   */
  membersAheadSlots: 4096,
  /** … so many at a time: what a client's line waits behind, some 3 ms; all of them take 256 round trips. */
  fillSlots: 16,
  /** The same in bytes. Above windowBytes, so that a lawful leader never meets it. */
  acceptAheadBytes: 64 * MIB,
  /**
   * Largest batch, and largest sum of batches in one slot: 2 ms of a 250 MB/s disk, so that a slot never stalls the
   * rest.
   */
  batchBytesMax: 512 * KIB,
  /** Batches waiting for a slot or a leader in one replica: half a minute of a heavy client, then "busy". */
  forwardQueueBatches: 4096,
  /** The same in bytes. */
  forwardQueueBytes: 64 * MIB,
  /** One Accepted covers at most this many slots; equals acceptAheadSlots, above which no votes exist. */
  acceptedCountMax: 4096,
  /**
   * Slots in flight from which on a leader collects batches instead of proposing each: one syncs while the next grows …
   */
  pipelineSlots: 2,
  /** … unless this many bytes wait already, which is enough to make a sync pay. */
  pipelineBytes: 128 * KIB,
  /** A fresh read that no majority confirmed by then is answered as not fresh. */
  readTimeoutMs: 2000,
  /** Fetching a peer's state is tried anew, perhaps from another peer, after this. */
  stateFetchMs: 30_000,
  /** Reads waiting for their read index. */
  readsWaitingMax: 4096,

  // --- the server's driver and its clients' submissions ---------------------------------------------------------
  /**
   * Frames that wait for the disk; past it they are dropped and sent again later. Above two windows of votes and
   * promises.
   */
  gateWaitingMax: 16_384,
  /** Unanswered runs of all clients of one server; past it they hear "busy". As much as the replica's own queue. */
  submissionsBytesMax: 64 * MIB,
  /** Unanswered runs of a closed connection are submitted again for this long: its client is elsewhere by then. */
  submissionsClosedKeepMs: 10_000,
  /** A run lost this often at once waits for the next second: nothing goes round at the speed of the log. */
  submissionsQuickRetriesMax: 3,
  /** Learn requests of one peer being read from disk at once; further ones are ignored and asked again. */
  learnReadsMax: 4,
  /** State hashes remembered for `verify`, one per slot; several seconds of a busy log. */
  hashesKeptMax: 4096,

  // --- catch-up -------------------------------------------------------------------------------------------------
  /** A commit hint is written at least every so many slots: what a restart finds above it must fit the memory. */
  hintSlots: 1000,
  /**
   * Slots kept above the commit index, whoever put them there: votes of two leaders and what a restart finds unhinted.
   */
  uncommittedSlotsMax: 16_384,
  /**
   * Ballots of higher rounds are nobody's: at a million campaigns a second it takes longer than a human life to get
   * there.
   */
  roundMax: 2 ** 51,
  /** Values in one LearnReply: small enough that live frames behind it wait about 10 ms at most. */
  learnBatchBytes: 1 * MIB,
  /** One part of a promise that lists many accepted values; four fit into a frame's limit. */
  promisePartBytes: 4 * MIB,
  /** Parts of one promise: acceptAheadBytes in parts, doubled because parts are cut at values. */
  promisePartsMax: 64,
  /** One chunk of transferred state: what live frames and the log's next sync wait behind, about 2 ms each. */
  stateChunkBytes: 256 * KIB,
  /** While clients write, a chunk is followed by a rest of so many times what it took: half of the time is theirs. */
  stateRestFactor: 1,
  /** Without a vote for this long nobody writes. */
  stateQuietMs: 100,
  /** Transfers of state that one server sends at once; who comes third asks again. */
  stateTransfersMax: 2,
  /** A chunk that came damaged so often in a row will not come better: the transfer is given up. */
  stateDamagedMax: 5,
  /** A sender keeps its snapshot, and its log from deletion, for a transfer at most this long … */
  snapshotPinMs: 300_000,
  /** … and longer as long as this much has been sent for each ms: a large state takes its time, a dawdler gets none. */
  statePinBytesPerMs: 1 * KIB,
  /** … and this long behind the last chunk, so that the asker finds the slots that follow. */
  statePinAfterMs: 10_000,

  // --- frames and connections -----------------------------------------------------------------------------------
  /** Every frame before hello was answered: a stranger can make us buffer no more than this. */
  frameBytesMaxHello: 4 * KIB,
  /** A frame between client and server or to the balancer (CONTRACT.md, Limits). */
  frameBytesMaxClient: 1 * MIB,
  /** A frame between servers (CONTRACT.md, Limits). */
  frameBytesMaxServer: 16 * MIB,
  /** First allocation for a frame that is still incomplete; grows by doubling with what really arrived. */
  frameAssemblyBytes: 16 * KIB,
  /** Hello must have arrived by then (CONTRACT.md, Limits). */
  helloMs: 5000,
  /** TLS handshakes under way at a listener: one may hold 250 KB before its caller has proved anything. */
  handshakesMax: 512,
  /** A frame that was begun must be complete by then: ends slow-drip senders. */
  frameCompleteMs: 10_000,
  /** Connections of one server (CONTRACT.md, Limits). */
  connectionsMax: 10_240,
  /** Connections to the HTTP pages of a daemon: a few scrapers and a person, and no descriptors for more. */
  httpConnectionsMax: 32,
  /** HTTP requests of one address answered in one second: at 1 ms for the longest page a twentieth of the time. */
  httpRequestsPerSecond: 50,
  /** One HTTP request, its headers included: a stranger holds a place no longer than this. */
  httpRequestMs: 5000,
  /** A scraper's connection is kept between two scrapes, which are a minute apart at most. */
  httpIdleMs: 65_000,
  /** An HTTP request's headers: a browser's are 2 KiB. */
  httpHeaderBytesMax: 8 * KIB,
  /** Probe on an idle connection; with probeSilentMs a half-open link is noticed in 3 s. */
  probeMs: 1000,
  /** Nothing heard for this long after a probe: the connection is dead. */
  probeSilentMs: 2000,
  /** Output waiting for a client that does not read; beyond it the client is dropped and may resume. */
  clientOutputBytesMax: 8 * MIB,
  /** Output waiting for a peer; beyond it the link is cut and catch-up takes over. */
  peerOutputBytesMax: 128 * MIB,
  /** Fan-out is joined for this long under load: twice the throughput at half the ack latency (PERFORMANCE.md, 3). */
  fanoutJoinMs: 5,
  /** Rooms one connection may subscribe to. */
  subscriptionsMax: 256,
  /** Secret or proof in hello. */
  authBytesMax: 512,
  /** `host:port`: a DNS name has at most 253 characters. */
  addressBytesMax: 300,
  /** A farewell's or refusal's text; longer ones are cut when encoded. */
  refusalTextCharsMax: 1000,

  // --- chat -----------------------------------------------------------------------------------------------------
  /** A message's UTF-8 text (CONTRACT.md, Limits). */
  messageBytesMax: 8192,
  /** A user's name (CONTRACT.md, Limits). */
  nameCharsMax: 30,
  /** A room's name with its `#` (CONTRACT.md, Limits). */
  roomCharsMax: 50,
  /** Direct rooms named to one client at once; with 72 bytes each well within a client frame. */
  directRoomsMax: 1024,
  /** Rooms in one page of the list of all rooms; with 208 bytes each a fifth of a client frame. */
  listedRoomsMax: 1024,
  /** Names in one Subscribed; with 32 bytes each half of a client frame. */
  peopleListMax: 16_384,
  /** Unacknowledged messages of a session unless more was asked for at register … */
  sessionWindow: 64,
  /** … and at most (CONTRACT.md, Limits). */
  sessionWindowMax: 4096,
  /** One run (the body of a submit): half a batch, so that two clients share a slot and a run always fits one. */
  runBytesMax: 256 * KIB,
  /** Events in one page. */
  pageEventsMax: 1000,
  /** Bytes in one page: pages are cut here, so that a page of long lines stays below the frame's limit. */
  pageBytesMax: 512 * KIB,
  /** Bytes of events in one Deliver; a larger group is sent as several of the same slot. */
  deliverBytesMax: 512 * KIB,
  /** A line without an answer for this long is shown as unconfirmed (CONTRACT.md, Limits: send time-out). */
  sendTimeoutMs: 10_000,
  /**
   * A balancer that has not answered a client for this long is not waited for alone: the next one is asked, too. As RFC
   * 8305 has it: above most round trips, below what a person notices.
   */
  balancerStaggerMs: 250,
  /** First pause of a rerouting client, doubling … */
  rerouteMs: 50,
  /** … up to this, jittered (CONTRACT.md, Limits). */
  rerouteMaxMs: 2000,
  /** A user without any connection for this long has left the room. */
  leaveAfterMs: 30_000,
  /** A session untouched for this much log clock is gone (PAXOS.md, Sessions). */
  sessionExpiryMs: 7 * DAY_MS,
  /** Servers touch their connected sessions this often: four chances per expiry. */
  sessionTouchMs: (7 * DAY_MS) / 4,

  /**
   * Sessions of one name that are kept without a connection; of more, those lost longest ago end early. A script that
   * sends a line a minute leaves one each time: unbounded, a week of them would be all of a server's memory.
   */
  sessionsAwayMax: 256,

  // --- storage --------------------------------------------------------------------------------------------------
  /** The state hash is published at exact multiples of this many slots (PAXOS.md, Invariants). */
  hashEverySlots: 1000,
  /** A checkpoint of the applied state after this long … */
  checkpointMs: 1000,
  /** … or this many slots, whichever comes first: a restart replays no more. */
  checkpointSlots: 1000,
  /** A log segment, zero-filled ahead (PERFORMANCE.md, 5). */
  segmentBytes: 64 * MIB,
  /** Least log that retention may be told to keep: four segments, more than a server misses during a restart. */
  retainBytesMin: 256 * MIB,
  /** A log segment of a server that keeps nothing on disk: what is given up at a time. */
  memorySegmentBytes: 8 * MIB,
  /** Log that such a server keeps unless told otherwise: its memory must not grow with the history … */
  memoryRetainBytes: 256 * MIB,
  /** … and the least it may be told to keep: four segments. */
  memoryRetainBytesMin: 32 * MIB,
  /** Spans per row of a room's index, each one or many events: a row costs about 20 bytes a span. */
  indexRowSpans: 64,
  /** … but no more events than this, so that finding a page reads little that lies beside it. */
  indexRowEventsMax: 4096,
  /** Slots per row of the slot index. */
  slotRowSlots: 256,

  // --- balancer -------------------------------------------------------------------------------------------------
  /** A placement counts until a report confirms it or this has passed (BEHAVIOUR.md 3.4). */
  placementMs: 5000,
  /** A server reports its load this often. */
  reportMs: 1000,
  /** Time a registered server has to answer when another one claims its id (BEHAVIOUR.md 3.2). */
  duplicateProbeMs: 1000,
  /** Pause between two attempts of a server to reach a balancer: a restarted one knows its servers within a second. */
  registerRetryMs: 500,

  /** A balancer looks so often what other balancers have written into their registry. */
  registryFollowMs: 1000,
  /** A registry or mirror that does not answer is tried again after this. */
  redisRetryMs: 500,
  /** The mirror looks for new messages so often, once it has all that were there. */
  mirrorPollMs: 100,
  /** A Redis that has not answered by then is given up for this time. */
  redisAnswerMs: 5000,

  // --- strangers ------------------------------------------------------------------------------------------------
  /** Wrong proofs of one address that are answered … */
  wrongProofsMax: 10,
  /** … in so long; then it hears nothing but the end of its connection. */
  wrongProofsMs: 10_000,
  /** Addresses whose wrong proofs are counted: 100 KB; the oldest is forgotten first, and merely answered again. */
  wrongProofHostsMax: 1024,
  /** A secret has at least so many bytes: below, it could be guessed from one recorded handshake. */
  secretBytesMin: 16,
  /** … and a file of secrets at most so many. */
  secretFileBytesMax: 64 * KIB,

  // --- server shell ---------------------------------------------------------------------------------------------
  /** A server with an unknown directory is admitted once it has been there for this long. */
  newcomerMs: 1000,
  /** A learner gets its vote once it is no further behind the leader than this: about what a busy second adds. */
  learnerBehindSlotsMax: 1000,
  /** A proposed change of the members that did not come about is proposed again after this long. */
  membersRetryMs: 5000,
  /** Longest pause between two dials to a peer: well below patience, so that a restarted peer is linked in time. */
  peerRedialMs: 250,
  /** Ticks given to the replica at one firing of its interval, however long the event loop stood still. */
  ticksPerFiring: 2,
  /** A client told `busy` asks again after this. */
  busyRetryMs: 50,
  /** SIGTERM: everything must be closed by then, hand-over included. */
  shutdownMs: 4000,
  /** History pages and subscriptions being read at once by one server: bounds memory at pages × page size. */
  historyReadsMax: 64,
});

export type Limits = typeof limits;

/** Throws when two bounds contradict each other. Runs on load; exported so that a test can feed it broken ones. */
export function assertLimitsAgree(l: Limits): void {
  for (const [name, value] of Object.entries(l)) {
    assert(Number.isSafeInteger(value) && value > 0, `limits.${name} must be a positive integer, is ${value}`);
  }
  const timers = [
    'heartbeatMs',
    'resendMs',
    'commitRepeatMs',
    'learnRetryMs',
    'forwardRetryMs',
    'forwardRetryMaxMs',
    'patienceMs',
    'patienceMaxMs',
    'cooldownMs',
    'campaignBackoffMs',
    'repreparMs',
    'moveMs',
    'handoverMs',
  ] as const;
  for (const name of timers) assert(l[name] % l.tickMs === 0, `limits.${name} must be whole ticks of ${l.tickMs} ms`);
  const atMost = (low: keyof Limits, high: keyof Limits, why: string): void =>
    assert(l[low] <= l[high], `limits: ${low} ${l[low]} must be at most ${high} ${l[high]}: ${why}`);
  const below = (low: keyof Limits, high: keyof Limits, why: string): void =>
    assert(l[low] < l[high], `limits: ${low} ${l[low]} must be below ${high} ${l[high]}: ${why}`);

  atMost('heardRounds', 'heardRoundsMax', 'slow answers only add rounds');
  below('heartbeatMs', 'patienceMs', 'a leader must be heard before patience runs out');
  assert(l.heartbeatMs * l.heardRounds < l.patienceMs, 'limits: a peer must count as unheard before patience runs out');
  below('greetRetryMs', 'learnRetryMs', 'the first repetition must come early');
  below('resendMs', 'patienceMs', 'a lost frame must be resent before it costs the leadership');
  below('patienceMs', 'patienceMaxMs', 'patience must be able to grow');
  atMost('patienceMs', 'cooldownMs', 'the cool-down must give another server a whole patience');
  below('forwardRetryMs', 'forwardRetryMaxMs', 'the retry must be able to back off');
  below('rerouteMs', 'rerouteMaxMs', 'the retry must be able to back off');
  atMost('windowSlots', 'acceptAheadSlots', 'a lawful window must be accepted');
  atMost('windowBytes', 'acceptAheadBytes', 'a lawful window must be accepted');
  atMost('windowSlots', 'membersAheadSlots', 'a lawful window must be proposed');
  atMost('membersAheadSlots', 'acceptAheadSlots', 'what is proposed must be accepted');
  atMost('acceptedCountMax', 'acceptAheadSlots', 'no votes exist further above the commit index');
  atMost('batchBytesMax', 'windowBytes', 'one batch must fit the window');
  below('batchBytesMax', 'promisePartBytes', 'an entry must fit a part of a promise');
  assert(
    l.hintSlots + 4 * l.windowSlots <= l.acceptAheadSlots && 4 * l.acceptAheadSlots <= l.uncommittedSlotsMax,
    'limits: what two leaders and a restart leave above the commit index must be lawful',
  );
  assert(l.roundMax < Number.MAX_SAFE_INTEGER, 'limits: a round above every lawful one must be a number');
  assert(l.runBytesMax + 64 <= l.batchBytesMax, 'limits: a run and its item header must fit a batch');
  assert(l.runBytesMax + 64 <= l.frameBytesMaxClient, 'limits: a run must fit a client frame');
  assert(l.messageBytesMax + 512 <= l.runBytesMax, 'limits: the longest message must fit a run');
  assert(l.messageBytesMax <= 0xffff, 'limits: a text has a u16 length');
  assert(
    l.batchBytesMax + 64 * KIB <= l.frameBytesMaxServer,
    'limits: an accept of the largest entry must fit a frame',
  );
  assert(
    l.learnBatchBytes + l.batchBytesMax + 64 * KIB <= l.frameBytesMaxServer,
    'limits: a learn reply must fit a frame',
  );
  assert(l.promisePartBytes + l.batchBytesMax + 64 * KIB <= l.frameBytesMaxServer, 'limits: a promise part must fit');
  assert(
    l.promisePartBytes * l.promisePartsMax >= l.acceptAheadBytes,
    'limits: all votes must fit the parts of a promise',
  );
  assert(l.stateChunkBytes + 64 * KIB <= l.frameBytesMaxServer, 'limits: a state chunk must fit a frame');
  assert(l.pageBytesMax + 64 * KIB <= l.frameBytesMaxClient, 'limits: a page must fit a client frame');
  assert(l.deliverBytesMax + 64 * KIB <= l.frameBytesMaxClient, 'limits: a deliver must fit a client frame');
  assert(
    l.peopleListMax * (l.nameCharsMax + 2) + 64 * KIB <= l.frameBytesMaxClient,
    'limits: the people must fit a frame',
  );
  assert(
    l.namesPerAnswer * (l.nameCharsMax + l.whyBytesMax + 16) + 64 * KIB <= l.frameBytesMaxClient,
    'limits: an answer with names must fit a frame',
  );
  assert(l.authBytesMax + l.addressBytesMax + 256 <= l.frameBytesMaxHello, 'limits: a hello must fit its frame');
  assert(l.refusalTextCharsMax * 3 + 256 <= l.frameBytesMaxHello, 'limits: a refusal must fit its frame');
  below('frameBytesMaxHello', 'frameBytesMaxClient', 'strangers get less');
  below('frameBytesMaxClient', 'frameBytesMaxServer', 'clients get less');
  below('frameBytesMaxClient', 'clientOutputBytesMax', 'one frame must fit the output');
  below('frameBytesMaxServer', 'peerOutputBytesMax', 'one frame must fit the output');
  atMost('sessionWindow', 'sessionWindowMax', 'the default is a lawful wish');
  atMost('sessionWindowMax', 'acceptAheadSlots', 'remembered answers stay within what PAXOS.md, Sessions allows');
  atMost('logClockStepMsMax', 'sessionTouchMs', 'one entry must never expire a session that is touched in time');
  assert(l.sessionTouchMs * 4 <= l.sessionExpiryMs, 'limits: a session needs four chances to be touched');
  below('peerRedialMs', 'patienceMs', 'a peer must be linked again before patience runs out');
  below('handoverMs', 'shutdownMs', 'the hand-over must fit into the stop');
  assert(l.batchBytesMax * 4 <= l.segmentBytes, 'limits: a segment must hold several entries');
  atMost('checkpointSlots', 'hashEverySlots', 'the hash of the last multiple must be in reach of a checkpoint');
}

assertLimitsAgree(limits);
