/** The limits are CONTRACT.md's and PAXOS.md's, frozen, and every relation between them is really checked. */
import t from 'tap';
import { assertLimitsAgree, InvariantError, type Limits, limits } from '../../src/base/index.js';

t.test('the contract', async (t) => {
  t.ok(Object.isFrozen(limits));
  t.match(limits, {
    messageBytesMax: 8192,
    nameCharsMax: 30,
    roomCharsMax: 50,
    frameBytesMaxClient: 1_048_576,
    frameBytesMaxServer: 16_777_216,
    helloMs: 5000,
    connectionsMax: 10_240,
    sessionWindow: 64,
    sessionWindowMax: 4096,
    sendTimeoutMs: 10_000,
    rerouteMs: 50,
    rerouteMaxMs: 2000,
    placementMs: 5000,
    leaveAfterMs: 30_000,
  });
});

t.test('the timers of PAXOS.md', async (t) => {
  t.match(limits, {
    heartbeatMs: 100,
    heardRounds: 3,
    resendMs: 300,
    patienceMs: 1000,
    patienceMaxMs: 60_000,
    cooldownMs: 2000,
    commitRepeatMs: 500,
    learnRetryMs: 1000,
    forwardRetryMs: 500,
    forwardRetryMaxMs: 8000,
    repreparMs: 1000,
    moveMs: 1000,
    windowSlots: 256,
    acceptAheadSlots: 4096,
    acceptAheadBytes: 67_108_864,
    logClockStepMsMax: 60_000,
    hashEverySlots: 1000,
  });
});

const contradictions: [keyof Limits, number, string][] = [
  ['tickMs', 0, 'not positive'],
  ['tickMs', 7, 'timers are no whole ticks'],
  ['heartbeatMs', 1000, 'patience runs out before a heartbeat'],
  ['heardRounds', 10, 'unheard only after patience'],
  ['resendMs', 1000, 'resent only after patience'],
  ['patienceMaxMs', 1000, 'patience cannot grow'],
  ['cooldownMs', 500, 'no time for another'],
  ['forwardRetryMaxMs', 500, 'no back-off'],
  ['rerouteMaxMs', 50, 'no back-off'],
  ['windowSlots', 4097, 'own accepts would be ignored'],
  ['windowBytes', 65 * 1024 * 1024, 'own accepts would be ignored'],
  ['acceptedCountMax', 5000, 'more votes than slots'],
  ['runBytesMax', 512 * 1024, 'a run would not fit a batch'],
  ['messageBytesMax', 65_536, 'no u16 length'],
  ['batchBytesMax', 16 * 1024 * 1024, 'an accept would not fit a frame'],
  ['learnBatchBytes', 16 * 1024 * 1024, 'a learn reply would not fit a frame'],
  ['promisePartBytes', 16 * 1024 * 1024, 'a promise part would not fit a frame'],
  ['promisePartsMax', 15, 'not all votes fit a promise'],
  ['stateChunkBytes', 16 * 1024 * 1024, 'a chunk would not fit a frame'],
  ['pageBytesMax', 1024 * 1024, 'a page would not fit a frame'],
  ['deliverBytesMax', 1024 * 1024, 'a deliver would not fit a frame'],
  ['peopleListMax', 65_535, 'the people would not fit a frame'],
  ['authBytesMax', 4000, 'hello would not fit its frame'],
  ['refusalTextCharsMax', 2000, 'a refusal would not fit its frame'],
  ['frameBytesMaxClient', 32 * 1024 * 1024, 'clients get more than servers'],
  ['clientOutputBytesMax', 1024, 'one frame does not fit the output'],
  ['sessionWindow', 5000, 'the default is above the most'],
  ['sessionTouchMs', 7 * 24 * 3600 * 1000, 'a session would expire between touches'],
  ['segmentBytes', 1024 * 1024, 'an entry would not fit a segment'],
  ['checkpointSlots', 2000, 'the published hash would be out of reach'],
];

t.test('contradictions are refused', async (t) => {
  assertLimitsAgree(limits);
  for (const [name, value, why] of contradictions) {
    t.throws(
      () => assertLimitsAgree({ ...limits, [name]: value } as Limits),
      InvariantError,
      `${name} ${value}: ${why}`,
    );
  }
});
