/** /events, /trace and /expect: what happens, as it happens, for readers that keep up and for those that do not. */
import t from 'tap';
import { encode } from '../../src/wire/index.js';
import { until } from '../support/until.js';
import { accept, commit } from './framed-pair.js';
import { OwnApi } from './own-api-bench.js';

const soonMs = 20_000;

t.test('/events: a JSON object a line, all but the trace, or those that are named', async (t) => {
  const api = await OwnApi.start(t);
  const all = await api.stream('/events');
  const some = await api.stream('/events?names=rule,leader');
  t.match(all.response.headers, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const { caller, listener } = await api.pair.greet();
  await api.post('/rules', { id: 'r', match: { from: 1, kinds: 'accept', first: 1 }, do: { type: 'delay', time: 1 } });
  caller.send(accept(5), accept(6));
  await until('the frames', soonMs, () => listener.slots().length === 2);
  await api.delete('/rules/r');
  api.pair.world.leader.heard(1, '4.1');
  const last = (stream: typeof all) => stream.events.at(-1)?.event === 'leader';
  await until('all of it', soonMs, () => last(all) && last(some));
  t.match(
    some.events.map(({ event, set, removed, server }) => ({ event, set, removed, server })),
    [
      { event: 'rule', set: 'r' },
      { event: 'rule', removed: 'r' },
      { event: 'leader', server: 1 },
    ],
  );
  t.same(
    all.events.map(({ event }) => event),
    ['connection', 'rule', 'frame', 'rule', 'leader'],
  );
  t.match(all.events[2], { from: 1, to: 2, kind: 'accept', slot: 5, did: ['delay 1ms'], rules: ['r'] });
  const times = all.events.map(({ t: at }) => at as number);
  t.same(
    times,
    times.toSorted((a, b) => a - b),
    'in order of time',
  );
  some.close();
  all.close();
  await until('nobody to listen', soonMs, () => !api.faults.hub.hears('rule'));
});

t.test('/trace: every frame with link, kind, ballot, slot, size and what was done', async (t) => {
  const api = await OwnApi.start(t);
  const trace = await api.stream('/trace');
  const { caller, listener } = await api.pair.greet();
  await api.post('/rules', { id: 'twice', match: { kinds: 'commit' }, do: 'duplicate' });
  caller.send(accept(5, 400), commit(5));
  listener.send({ type: 'pong', token: 1 });
  await until('five frames', soonMs, () => trace.events.length === 5);
  const of = (kind: string) => trace.events.find((event) => event.kind === kind);
  t.match(of('hello'), { event: 'trace', from: 1, to: 2, did: [] });
  t.match(of('welcome'), { from: 2, to: 1, did: [] });
  t.match(of('accept'), {
    from: 1,
    to: 2,
    ballot: '3.1',
    slot: 5,
    bytes: encode(accept(5, 400)).length,
    did: [],
    rules: [],
  });
  t.match(of('commit'), { from: 1, to: 2, ballot: '3.1', slot: 5, did: ['duplicate 1'], rules: ['twice'] });
  t.match(of('pong'), { from: 2, to: 1, did: [] });
  t.ok(trace.events.every(({ t: at }) => typeof at === 'number'));
  trace.close();
  await until('nobody to listen', soonMs, () => !api.faults.hub.hears('trace'));
  caller.send(accept(6));
  await until('frames to pass on', soonMs, () => listener.slots().includes(6));
});

t.test('a reader that is too slow misses events and is told how many, while frames flow on', async (t) => {
  const api = await OwnApi.start(t);
  const { caller, listener } = await api.pair.greet();
  const trace = await api.stream('/trace');
  await until('the trace to be heard', soonMs, () => api.faults.hub.hears('trace'));
  trace.response.pause();
  let sent = 0;
  // A trace line is longer than such a frame: what waits for the reader grows beyond every buffer on the way.
  const batch = Buffer.concat(Array.from({ length: 2_000 }, () => encode(commit(1))));
  while (sent < 150_000) {
    caller.socket.write(batch);
    sent += 2_000;
    if (sent % 10_000 === 0)
      await until('frames to flow on', 20_000, () => listener.received.length - 1 >= sent - 10_000);
  }
  await until('all of them', 20_000, () => listener.received.length === sent + 1);
  trace.response.resume();
  await until('what had waited', 20_000, () => trace.events.length > 1_000);
  const missed = await until('word of what was missed', 20_000, () => {
    caller.send(commit(2));
    return trace.events.find(({ event }) => event === 'missed');
  });
  const before = trace.events.indexOf(missed);
  t.ok((missed.count as number) > 10_000, `${missed.count} of ${sent} were missed`);
  t.equal(before + (missed.count as number) >= sent, true, 'and none of them without being counted');
});

t.test('/expect: the event that comes, after the one that must come before', async (t) => {
  const api = await OwnApi.start(t);
  const { caller } = await api.pair.greet();
  await api.post('/rules', { id: 'lost', match: { from: 1, kinds: 'accept' }, do: 'drop' });
  const expectation = {
    after: { event: 'frame', from: 1, to: 2, kind: 'accept', did: 'drop', count: 2 },
    expect: { event: 'leader', server: { not: 1 } },
    within: '20s',
    afterWithin: '20s',
  };
  const { answer } = await api.expecting(expectation, 'leader');
  api.pair.world.leader.heard(3, '2.3');
  caller.send(accept(1), accept(2));
  await until('both to be lost', soonMs, () => api.faults.link(1, 2).counts.total('dropped') === 2);
  api.pair.world.leader.heard(1, '3.1');
  api.pair.world.leader.heard(2, '4.2');
  const { status, json } = await answer;
  t.equal(status, 200);
  t.match(json, { event: { event: 'leader', server: 2, ballot: '4.2' } }, 'not the one before, and not the other one');
  await until('nobody to listen', soonMs, () => !api.faults.hub.hears('leader'));
});

t.test('/expect: 417 when its time is over, and which part of it did not come', async (t) => {
  const api = await OwnApi.start(t);
  const expect = { event: 'leader' };
  const late = await api.post('/expect', { expect, within: 30 });
  t.equal(late.status, 417);
  t.same(late.json, { error: '"expect" was not seen within 30 ms', status: 417 });
  const before = await api.post('/expect', { after: { event: 'frame' }, expect, within: '1h', afterWithin: 30 });
  t.same(before.json, { error: '"after" was not seen within 30 ms', status: 417 });
  const { answer } = await api.expecting({ after: { event: 'rule' }, expect, within: 30, afterWithin: '1h' }, 'rule');
  await api.post('/rules', { do: 'drop' });
  t.same((await answer).json, { error: '"expect" was not seen within 30 ms', status: 417 });
  await until('nobody to listen', soonMs, () => !api.faults.hub.hears('leader') && !api.faults.hub.hears('rule'));
});

t.test('/expect: whoever has gone leaves nothing that waits for him', async (t) => {
  const api = await OwnApi.start(t);
  const abort = new AbortController();
  const body = JSON.stringify({ expect: { event: 'trace', kind: 'nack' }, within: '24h' });
  const asked = fetch(api.url('/expect'), { method: 'POST', body, signal: abort.signal }).catch(
    (error: Error) => error.name,
  );
  await until('the API to listen', soonMs, () => api.faults.hub.hears('trace'));
  abort.abort();
  t.equal(await asked, 'AbortError');
  await until('nobody to listen', soonMs, () => !api.faults.hub.hears('trace'));
  t.equal(api.faults.deadlines.waiting, 0);
});
