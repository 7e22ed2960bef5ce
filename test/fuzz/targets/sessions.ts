/** Whole parties in memory: a client whose server lies, a server whose callers lie; both must serve the next one. */

import type { Prng } from '../../../src/base/index.js';
import type { ClientEvent } from '../../../src/client/index.js';
import { encode, type Message, type MessageType, registry } from '../../../src/wire/index.js';
import { SERVERS, World } from '../../client/world.js';
import { MemoryCluster } from '../../support/memory-cluster.js';
import { hello } from '../../support/raw-peer.js';
import { mutate } from '../mutate.js';
import { demand, type Target } from '../target.js';
import { lawfulRun } from './lawful.js';
import { framesOf, recordedFrames, sealed } from './wire.js';

/** Some frames changed inside, some lost, doubled, swapped or strange; now and then bytes without sense. */
function changedStream(random: Prng, stream: Buffer, strangers: readonly Buffer[]): Buffer {
  const frames = framesOf(stream);
  const out: Buffer[] = [];
  for (const frame of frames) {
    const fate = random.below(12);
    if (fate === 0) continue;
    if (fate === 1) out.push(frame, frame);
    else if (fate === 2) out.push(frame, random.pick(strangers));
    else if (fate === 3) out.unshift(frame);
    else if (fate < 7) {
      const body = mutate(random, frame.subarray(12), { pool: [frame.subarray(12)], words: [] });
      out.push(sealed(Buffer.concat([frame.subarray(0, 12), body])));
    } else out.push(frame);
  }
  if (random.chance(1, 10)) out.push(mutate(random, random.pick(strangers), { pool: strangers, words: [] }));
  return Buffer.concat(out);
}

function framesTo(party: 'client' | 'server'): Buffer[] {
  const types = Object.keys(registry).filter((type) => {
    const { from, to } = registry[type as MessageType];
    return to.includes(party) && (party === 'client' ? from.includes('server') : from.includes('client'));
  });
  const codes = new Set(types.map((type) => registry[type as MessageType].code));
  return recordedFrames().filter((frame) => codes.has(frame[9] as number) && frame.length < 2_000);
}

const zero = new Uint8Array(16);
const sessionOne = { slot: 1, index: 0 };
const welcome: Message = {
  type: 'welcome',
  version: 1,
  features: 0,
  clusterId: zero,
  membershipHash: zero,
  epoch: 1,
  serverId: 1,
  incarnation: 1,
  authMethod: 'none',
  auth: new Uint8Array(0),
};
const line = { kind: 'post', from: 'Aaron', text: 'one', session: sessionOne, seq: 1 } as const;

/** What an honest server would say to the client below. */
const honestAnswers: readonly Message[] = [
  welcome,
  {
    type: 'standing',
    leader: 1,
    ballot: { round: 1, server: 1, incarnation: 1 },
    up: 3,
    servers: 3,
    move: false,
    addresses: SERVERS,
  },
  { type: 'registered', request: 1, code: 'ok', session: sessionOne, name: 'Aaron', window: 4, lastSeq: 0 },
  {
    type: 'subscribed',
    request: 2,
    code: 'ok',
    room: '#lobby',
    nextEvent: 1,
    headEvent: 0,
    headN: 0,
    topic: '',
    people: [],
  },
  { type: 'ack', session: sessionOne, firstSeq: 1, slot: 2, outcomes: [{ code: 'ok', count: 1, n: 1 }] },
  { type: 'deliver', room: '#lobby', group: { slot: 2, wallMs: 1, firstEvent: 1, firstN: 1, events: [line] } },
  { type: 'busy', session: sessionOne, fromSeq: 1, retryMs: 20, text: 'full' },
  { type: 'directRooms', news: true, rooms: [{ room: '@aaron,lala', headEvent: 3 }] },
];

const strangeAnswers = framesTo('client');
const honestStream = Buffer.concat(honestAnswers.map((message) => encode(message)));

/** The first server says what the input says, the others are honest: the client must end up with all lines said. */
export const liar: Target = {
  name: 'liar',
  about: 'the client library against a server that says anything; then an honest one takes over',
  seeds: () => [honestStream, Buffer.concat([encode(welcome), ...strangeAnswers])],
  make: (random, seed) => changedStream(random, random.chance(1, 2) ? honestStream : seed, strangeAnswers),
  read: (input) => {
    const world = new World({ window: 4 });
    const { client, network } = world;
    let lies = 1;
    network.listen(SERVERS[0] as string, () => {
      const { listener } = network.pairs.at(-1) ?? {};
      if (lies-- > 0) listener?.write(input);
      else world.servers[0]?.start();
      world.clock.setTimeout(() => network.kill(SERVERS[0] as string), 400);
    });
    client.subscribe('#lobby', 'all');
    for (const text of ['one', 'two', 'three']) client.post('#lobby', text);
    client.connect();
    world.clock.advance(500);
    world.servers[0]?.start();
    const isDone = (): boolean => client.openLines === 0 && client.phase === 'ready';
    for (let waitedMs = 0; !isDone() && waitedMs < 60_000; waitedMs += 50) world.clock.advance(50);
    demand(isDone(), `${client.openLines} lines open, ${client.phase}, after 60 s with honest servers`);
    return [...new Set(world.events.map(answerOf))].sort().join(' ').slice(0, 300);
  },
};

function answerOf(event: ClientEvent): string {
  if (event.event === 'error') return `error:${event.code}`;
  return event.event === 'state' ? `state:${event.state}` : event.event;
}

const callerFrames = framesTo('server');
const runOfOne = lawfulRun(1);
const honestCalls: readonly Message[] = [
  hello(),
  { type: 'register', request: 1, nonce: new Uint8Array(16).fill(3), name: 'mallory', window: 8 },
  { type: 'subscribe', request: 2, room: '#lobby', fromEvent: 0, lastPosts: 5 },
  { type: 'submit', run: runOfOne },
  { type: 'resume', request: 3, session: sessionOne, nonce: new Uint8Array(16).fill(1) },
  { type: 'history', request: 4, room: '#lobby', direction: 'from', by: 'event', event: 1, limit: 10, fresh: true },
  { type: 'ping', token: 1 },
];

const honestCallStream = Buffer.concat(honestCalls.map((message) => encode(message)));

let stage: { readonly cluster: MemoryCluster; said: number } | undefined;
let sinceStage = 0;
/** A stage is made anew after so many callers, so that what they left behind does not make the next ones slow. */
const callersMax = 300;

/** One cluster for many inputs: each calls with whatever it says, and the honest client's next line is committed. */
export const caller: Target = {
  name: 'caller',
  about: 'a server in memory, driver and log included, against a caller that says anything; an honest client goes on',
  seeds: () => [honestCallStream, Buffer.concat([encode(hello()), ...callerFrames])],
  make: (random, seed) => changedStream(random, random.chance(1, 2) ? honestCallStream : seed, callerFrames),
  read: async (input) => {
    if (stage === undefined || sinceStage++ >= callersMax) {
      sinceStage = 0;
      stage = { cluster: await MemoryCluster.start(1), said: 0 };
      honest = stage.cluster.person('Ann');
      honest.client.subscribe('#lobby', 'all');
    }
    const { cluster } = stage;
    const address = cluster.server(1).address;
    let answer = 'nothing';
    cluster.network.dial(address, 1_000, (result) => {
      if (!result.ok) return;
      cluster.network.pairs.at(-1)?.caller.write(input);
      const heard = new Set<string>();
      result.connection.attach({
        onMessage: ({ type }) => {
          heard.add(type);
          answer = [...heard].sort().join(' ');
        },
        onClose: ({ code }) => {
          answer = `${[...heard].sort().join(' ')} ${code}`;
        },
      });
    });
    await cluster.pass(20);
    let outcome = '';
    honest?.client.post('#lobby', `line ${stage.said++}`, (code) => {
      outcome = code;
    });
    const isAnswered = await cluster.waitFor(() => outcome !== '', 10_000);
    demand(isAnswered && outcome === 'ok', `the honest client was told "${outcome}"`);
    cluster.network.pairs.at(-1)?.caller.destroy();
    return answer;
  },
};

let honest: ReturnType<MemoryCluster['person']> | undefined;
