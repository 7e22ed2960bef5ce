/** Bad input on open ports: each bad caller is ended with a reason, and everybody else goes on. */
import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { encode, encodeRun, type Message } from '../../src/wire/index.js';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { alteredFrame, frameAround, hello, RawPeer } from '../support/raw-peer.js';

/** Longer than hello's 5 s and a begun frame's 10 s together. */
const endDeadlineMs = 20_000;

const lawfulRun = encodeRun(
  { session: { slot: 2, index: 0 }, nonce: new Uint8Array(16), firstSeq: 1, answeredBelow: 1 },
  [{ kind: 'post', room: '#lobby', text: 'hello' }],
);
const submit: Message = { type: 'submit', run: lawfulRun };

interface BadInput {
  readonly name: string;
  readonly bytes: readonly Uint8Array[];
  /** The farewell's code; several where the bytes decide. */
  readonly codes: readonly string[];
}

const beforeHello: readonly BadInput[] = [
  { name: 'random bytes', bytes: [randomBytes(4096)], codes: ['PROTOCOL_ERROR'] },
  { name: 'an HTTP request', bytes: [Buffer.from('GET / HTTP/1.1\r\n\r\n')], codes: ['PROTOCOL_ERROR'] },
  { name: 'a huge length', bytes: [Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])], codes: ['PROTOCOL_ERROR'] },
  { name: 'length zero', bytes: [Buffer.alloc(64)], codes: ['PROTOCOL_ERROR'] },
  { name: 'a broken checksum', bytes: [flipLast(encode(hello()))], codes: ['PROTOCOL_ERROR'] },
  { name: 'half a frame, then silence', bytes: [encode(hello()).subarray(0, 40)], codes: ['BAD_HELLO', 'TOO_SLOW'] },
  { name: 'silence', bytes: [], codes: ['BAD_HELLO', 'TOO_SLOW'] },
  {
    name: 'a message before hello',
    bytes: [encode({ type: 'ping', token: 1 })],
    codes: ['BAD_HELLO', 'PROTOCOL_ERROR'],
  },
  { name: 'an unknown type', bytes: [frameAround(Buffer.from([1, 255, 0, 0]))], codes: ['PROTOCOL_ERROR'] },
  { name: 'a later version', bytes: [encode(hello({ versionMin: 7, versionMax: 9 }))], codes: ['BAD_VERSION'] },
  {
    name: 'a hello with bytes left over',
    bytes: [frameAround(Buffer.concat([encode(hello()).subarray(8), Buffer.from([0])]))],
    codes: ['PROTOCOL_ERROR'],
  },
];

/** What a welcomed client may not say. */
const afterHello: readonly BadInput[] = [
  { name: 'a frame that only servers send', bytes: [encode(learn())], codes: ['PROTOCOL_ERROR', 'FORBIDDEN'] },
  {
    name: 'a slot above 2^53',
    bytes: [alteredFrame(learn(), (content) => content.fill(0xff, 4))],
    codes: ['PROTOCOL_ERROR', 'FORBIDDEN'],
  },
  {
    name: 'a run of nothing but zeros',
    bytes: [alteredFrame(submit, (content) => content.fill(0, content.length - lawfulRun.length))],
    codes: ['PROTOCOL_ERROR'],
  },
  {
    name: 'an unknown enum',
    bytes: [
      alteredFrame(history(), (content) => {
        for (let at = 4; at < content.length; at++) content[at] = 0xee;
      }),
    ],
    codes: ['PROTOCOL_ERROR'],
  },
  { name: 'a page above the limit', bytes: [history(100_000)].map(unsafeEncode), codes: ['PROTOCOL_ERROR'] },
  { name: 'a frame above the limit', bytes: [Buffer.from([0x7f, 0, 0, 0, 1, 2, 3, 4])], codes: ['PROTOCOL_ERROR'] },
];

function learn(): Message {
  return { type: 'learn', request: 1, from: 1, upto: 2 };
}

function history(limit = 10): Message {
  return { type: 'history', request: 1, room: '#lobby', direction: 'from', by: 'event', event: 1, limit, fresh: false };
}

/** A history request whose limit no lawful sender can write: the u16 field is overwritten after encoding. */
function unsafeEncode(message: Message): Buffer {
  const lawful = message.type === 'history' ? history(10) : message;
  return alteredFrame(lawful, (content) => {
    for (let at = 4; at + 1 < content.length; at++) {
      if (content.readUInt16BE(at) === 10) content.writeUInt16BE(0xffff, at);
    }
  });
}

function flipLast(frame: Buffer): Buffer {
  const flipped = Buffer.from(frame);
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] ?? 0) ^ 1;
  return flipped;
}

t.test('bad input on the ports of a running cluster', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  await aaron.sayAndCommit('before');
  const server = cluster.address(1);

  const refused = async (t: Test, target: string, input: BadInput, welcomed: boolean): Promise<void> => {
    const peer = await RawPeer.open(target);
    if (welcomed) {
      peer.send(encode(hello()));
      await peer.waitForMessage('welcome');
    }
    peer.send(...input.bytes);
    const code = await peer.waitForEnd(endDeadlineMs);
    t.ok(input.codes.includes(code), `${input.name}: ended with ${code || 'no farewell'}, wanted ${input.codes}`);
  };

  t.test('before hello, on a server', async (t) => {
    await Promise.all(beforeHello.map((input) => refused(t, server, input, false)));
  });
  t.test('before hello, on the balancer', async (t) => {
    await Promise.all(beforeHello.map((input) => refused(t, cluster.balancerAddress, input, false)));
  });
  t.test('after hello, on a server', async (t) => {
    await Promise.all(afterHello.map((input) => refused(t, server, input, true)));
  });
  t.test('a message of a session that was never opened', async (t) => {
    const peer = await RawPeer.open(server);
    peer.send(encode(hello()));
    await peer.waitForMessage('welcome');
    peer.send(encode(submit));
    t.match(await peer.waitForMessage('reject'), { code: 'BAD_NONCE', session: { slot: 2, index: 0 } });
    peer.close();
  });
  t.test('a caller that says it is a server', async (t) => {
    const lies = { role: 'server', authMethod: 'none', auth: new Uint8Array(0), incarnation: 9 } as const;
    const foreign = await RawPeer.open(server);
    foreign.send(encode(hello({ ...lies, serverId: 2, clusterId: randomBytes(16), birthId: randomBytes(16) })));
    t.equal(await foreign.waitForEnd(endDeadlineMs), 'FOREIGN_CLUSTER');
  });
  t.test('the others go on', async (t) => {
    await aaron.sayAndCommit('after');
    t.notOk(
      aaron.events.some(({ event }) => event === 'disconnected'),
      'an honest client noticed nothing',
    );
    for (const id of cluster.ids) t.equal(cluster.server(id).exit, undefined, `server ${id} still runs`);
    t.match(cluster.server(1).stderr, /"code":"PROTOCOL_ERROR"/, 'the server logged why it ended them');
    t.match(cluster.balancer.stderr, /"code":"PROTOCOL_ERROR"/, 'and so did the balancer');
    await expectOneHistory(cluster, { watching: [aaron] });
  });
});
