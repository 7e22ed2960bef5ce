/** One-shot questions: answers, refusals, time-outs, hang-ups; each ends and says why. */
import t from 'tap';
import { askOnce, openOperator } from '../../src/client/index.js';
import { clientLimits, type FrameConnection } from '../../src/net/index.js';
import type { Message } from '../../src/wire/index.js';
import { MemoryNetwork } from '../support/duplex.js';
import { FakeClock } from '../support/fake-clock.js';

const ADDRESS = '127.0.0.1:9010';
const ZERO = new Uint8Array(16);

function stage(answer: (connection: FrameConnection, message: Message) => void) {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const hellos: Message[] = [];
  network.listen(ADDRESS, (connection) => {
    connection.useLimits(clientLimits);
    connection.attach({
      onMessage: (message) => {
        if (message.type !== 'hello') return answer(connection, message);
        hellos.push(message);
        connection.send({
          type: 'welcome',
          version: 1,
          features: 0,
          clusterId: ZERO,
          membershipHash: ZERO,
          epoch: 1,
          serverId: 2,
          incarnation: 1,
          authMethod: 'none',
          auth: new Uint8Array(0),
        });
      },
      onClose: () => undefined,
    });
  });
  const environment = { transport: network, clock, turn: clock.turn };
  return { clock, network, hellos, options: { address: ADDRESS, timeoutMs: 1_000, environment } };
}

/** Lets promises and the fake clock take turns until the promise is there. */
async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let over = false;
  const finish = (): void => {
    over = true;
  };
  promise.then(finish, finish);
  for (let i = 0; i < 5_000 && !over; i++) {
    clock.advance(1);
    await Promise.resolve();
  }
  if (!over) throw new Error('not settled within 5 s of the fake clock');
  return promise;
}

t.test('answers by request number, several at once', async (t) => {
  const waiting: number[] = [];
  const { clock, options, hellos } = stage((connection, message) => {
    if (message.type !== 'verifyRequest') return;
    waiting.push(message.request);
    if (waiting.length < 2) return;
    for (const request of waiting.reverse()) {
      connection.send({
        type: 'verifyReply',
        request,
        slot: request * 1_000,
        hash: new Uint8Array(8),
        applied: 9,
        nearest: 0,
      });
    }
  });
  const opened = await settled(clock, openOperator(options));
  if (!opened.ok) throw new Error(opened.text);
  t.equal(opened.answer.serverId, 2);
  t.match(hellos, [{ role: 'operator', authMethod: 'none' }]);
  const both = Promise.all([opened.answer.verify(0), opened.answer.verify(0)]);
  t.match(await settled(clock, both), [
    { ok: true, answer: { slot: 1_000 } },
    { ok: true, answer: { slot: 2_000 } },
  ]);
});

t.test('no answer, a refusal, a hang-up, nobody there', async (t) => {
  const silent = stage(() => undefined);
  t.match(
    await settled(
      silent.clock,
      askOnce(silent.options, (o) => o.status()),
    ),
    { ok: false, code: 'TIMEOUT' },
  );

  const refusing = stage((connection) => {
    const session = { slot: 1, index: 0 };
    connection.send({ type: 'reject', request: 1, session, code: 'NOT_ALLOWED', text: 'not yours' });
  });
  const token = new Uint8Array(32);
  const query = { room: '@a,b', direction: 'from', by: 'event', event: 1, limit: 10, fresh: true } as const;
  t.match(
    await settled(
      refusing.clock,
      askOnce({ ...refusing.options, token }, (o) => o.page(query)),
    ),
    {
      ok: false,
      code: 'NOT_ALLOWED',
      text: 'not yours',
    },
  );
  t.match(refusing.hellos, [{ role: 'client', authMethod: 'token' }]);

  const hanging = stage((connection) => connection.refuse('SHUTTING_DOWN', 'ask another server'));
  t.match(
    await settled(
      hanging.clock,
      askOnce(hanging.options, (o) => o.members()),
    ),
    { ok: false, code: 'CLOSED', text: /another/ },
  );

  const { clock, options } = stage(() => undefined);
  const nowhere = { ...options, address: '127.0.0.1:1' };
  t.match(
    await settled(
      clock,
      askOnce(nowhere, (o) => o.status()),
    ),
    { ok: false, code: 'REFUSED' },
  );
  clock.advance(10_000);
  t.equal(clock.timers, 0, 'no timer is left behind');
});
