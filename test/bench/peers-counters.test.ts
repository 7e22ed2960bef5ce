/** Sockets that only count: exact, however the bytes are cut; and what is written for each system's nodes. */
import t from 'tap';
import { etcdArgs } from '../../bench/peers/etcd.js';
import { natsConfig } from '../../bench/peers/nats.js';
import { NatsCounter } from '../../bench/peers/nats-fan-out.js';
import { rabbitmqConfig, rabbitmqEnvironment } from '../../bench/peers/rabbitmq.js';
import { redisConfig, redisMessageBytes } from '../../bench/peers/redis.js';
import { SynodCounter } from '../../bench/peers/synod-fan-out.js';
import { zookeeperConfig } from '../../bench/peers/zookeeper.js';
import { decode, encode, FrameSplitter } from '../../src/wire/index.js';

/** The same bytes in pieces of every length. */
function* cuts(bytes: Buffer): IterableIterator<Buffer[]> {
  for (let length = 1; length <= bytes.length; length++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += length) pieces.push(bytes.subarray(at, at + length));
    yield pieces;
  }
}

const text = 'y'.repeat(100);
const session = { slot: 3, index: 1 };

/** Deliveries of so many posts each, as a server of ours sends them. */
function deliveries(counts: readonly number[]): Buffer {
  let firstEvent = 1;
  const frames = counts.map((count, index) => {
    const events = Array.from({ length: count }, (_, i) => ({
      kind: 'post' as const,
      from: 'fan-publisher',
      text,
      session,
      // A gap in seqs, as other rooms leave it, begins a span of its own.
      seq: firstEvent + i + (i >= 2 ? 10 : 0),
    }));
    const group = { slot: index + 1, wallMs: 1, firstEvent, firstN: firstEvent, events };
    firstEvent += count;
    return encode({ type: 'deliver', room: '#fan', group });
  });
  return Buffer.concat(frames);
}

t.test('synod: messages are counted from the lengths of frames', async (t) => {
  const stream = Buffer.concat([
    encode({
      type: 'subscribed',
      request: 1,
      code: 'ok',
      room: '#fan',
      nextEvent: 1,
      headEvent: 0,
      headN: 0,
      topic: '',
      people: [],
    }),
    deliveries([1, 5]),
    encode({ type: 'ping', token: 7 }),
    deliveries([2]),
  ]);
  for (const pieces of cuts(stream)) {
    const answers: Buffer[] = [];
    const counter = new SynodCounter(text.length, (frame) => answers.push(frame));
    t.notOk(counter.isOpen);
    for (const piece of pieces) counter.take(piece);
    if (counter.received !== 8 || !counter.isOpen || answers.length !== 1) {
      t.fail(`${pieces.length} pieces: ${counter.received} received, ${answers.length} answers`);
    }
    const splitter = new FrameSplitter(1_000);
    splitter.push(answers[0] ?? Buffer.alloc(0));
    t.strictSame(decode(splitter.next() ?? Buffer.alloc(0)), { type: 'pong', token: 7 });
  }
});

t.test('NATS: messages are counted behind the greeting, and a ping is answered', async (t) => {
  const message = `MSG fan 1 100\r\n${text}\r\n`;
  const greeting = 'INFO {"server_id":"x"}\r\nPONG\r\n';
  for (const pieces of cuts(Buffer.from(greeting + message.repeat(3)))) {
    const counter = new NatsCounter(text.length, () => t.fail('nothing to answer'));
    for (const piece of pieces) counter.take(piece);
    if (counter.received !== 3 || !counter.isOpen) t.fail(`${pieces.length} pieces: ${counter.received} received`);
  }
  const answers: string[] = [];
  const counter = new NatsCounter(text.length, (answer) => answers.push(answer));
  counter.take(Buffer.from('INFO {}\r\n'));
  t.notOk(counter.isOpen);
  counter.take(Buffer.from(`PONG\r\n${message}`));
  counter.take(Buffer.from('PING\r\n'));
  counter.take(Buffer.from(message));
  t.strictSame(answers, ['PONG\r\n']);
  t.equal(counter.received, 2);
});

t.test('Redis: every message has the same length', async (t) => {
  const message = `*3\r\n$7\r\nmessage\r\n$3\r\nfan\r\n$100\r\n${text}\r\n`;
  t.equal(redisMessageBytes(text.length), message.length);
});

t.test('what the nodes of Redis are told', async (t) => {
  t.equal(
    redisConfig(6001, '/data/0', true, undefined),
    [
      'bind 127.0.0.1',
      'port 6001',
      'dir /data/0',
      'daemonize no',
      'save ""',
      'appendonly yes',
      'appendfsync always',
      'auto-aof-rewrite-percentage 0',
      'repl-diskless-sync-delay 0',
      '',
    ].join('\n'),
  );
  t.equal(
    redisConfig(6002, '/data/1', false, 6001),
    [
      'bind 127.0.0.1',
      'port 6002',
      'dir /data/1',
      'daemonize no',
      'save ""',
      'appendonly no',
      'repl-diskless-sync-delay 0',
      'replicaof 127.0.0.1 6001',
      '',
    ].join('\n'),
  );
});

t.test('what the members of etcd are told', async (t) => {
  const members = [1, 2, 3].map((i) => ({ clientPort: 2000 + i, peerPort: 3000 + i }));
  t.strictSame(etcdArgs(members, 1, '/data/1'), [
    '--name=bench1',
    '--data-dir=/data/1',
    '--listen-client-urls=http://127.0.0.1:2002',
    '--advertise-client-urls=http://127.0.0.1:2002',
    '--listen-peer-urls=http://127.0.0.1:3002',
    '--initial-advertise-peer-urls=http://127.0.0.1:3002',
    '--initial-cluster=bench0=http://127.0.0.1:3001,bench1=http://127.0.0.1:3002,bench2=http://127.0.0.1:3003',
    '--initial-cluster-state=new',
    '--initial-cluster-token=synod-bench',
    '--quota-backend-bytes=8589934592',
    '--logger=zap',
    '--log-level=error',
  ]);
});

t.test('what the servers of NATS are told', async (t) => {
  const servers = [1, 2, 3].map((i) => ({ clientPort: 4000 + i, routePort: 5000 + i }));
  t.equal(
    natsConfig(servers, 2, '/data/2'),
    [
      'server_name: bench2',
      'listen: 127.0.0.1:4003',
      'ping_interval: "10m"',
      'cluster {',
      '  name: synod-bench',
      '  listen: 127.0.0.1:5003',
      '  routes: [nats://127.0.0.1:5001, nats://127.0.0.1:5002, nats://127.0.0.1:5003]',
      '}',
      'jetstream {',
      '  store_dir: "/data/2"',
      '  max_file_store: 20GB',
      '}',
      '',
    ].join('\n'),
  );
});

t.test('what the nodes of RabbitMQ are told', async (t) => {
  const node = { port: 5672, distributionPort: 25672 };
  t.equal(
    rabbitmqConfig(node),
    [
      'listeners.tcp.1 = 127.0.0.1:5672',
      'cluster_formation.peer_discovery_backend = classic_config',
      'cluster_formation.classic_config.nodes.1 = synodbench0@localhost',
      'log.console = true',
      'log.console.level = warning',
      'log.file = false',
      '',
    ].join('\n'),
  );
  const environment = rabbitmqEnvironment(node, 2, '/data/2', 4369);
  t.match(environment, {
    HOME: '/data/2',
    RABBITMQ_NODENAME: 'synodbench2@localhost',
    RABBITMQ_DIST_PORT: '25672',
    ERL_EPMD_PORT: '4369',
    ERL_EPMD_ADDRESS: '127.0.0.1',
  });
  const files = Object.entries(environment).filter(([name]) => /(FILE|BASE)$/.test(name));
  t.ok(
    files.every(([, file]) => file.startsWith('/data/2/')),
    'nothing is written elsewhere',
  );
});

t.test('what the servers of ZooKeeper are told', async (t) => {
  const servers = [1, 2, 3].map((i) => ({ clientPort: 2180 + i, peerPort: 2880 + i, electionPort: 3880 + i }));
  t.equal(
    zookeeperConfig(servers, 0, '/data/0'),
    [
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      'dataDir=/data/0',
      'clientPortAddress=127.0.0.1',
      'clientPort=2181',
      'maxClientCnxns=0',
      'forceSync=yes',
      'admin.enableServer=false',
      '4lw.commands.whitelist=srvr',
      'server.1=127.0.0.1:2881:3881',
      'server.2=127.0.0.1:2882:3882',
      'server.3=127.0.0.1:2883:3883',
      '',
    ].join('\n'),
  );
});
