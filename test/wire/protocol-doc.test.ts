/** docs/PROTOCOL.md and the registry say the same: codes, directions, fault classes, limits, enumerations, fields. */
import t from 'tap';
import {
  eventKinds,
  frameBytesMax,
  type MessageSpec,
  mayCarry,
  outcomeCodes,
  refusalCodes,
  registry,
  specOfCode,
} from '../../src/wire/index.js';
import { readProtocol } from './layout.js';
import { toTable } from './shapes.js';
import { loadVectors } from './vectors.js';

const protocol = readProtocol();

t.test('every message stands in both, with the same facts', async (t) => {
  t.same([...protocol.messages.keys()].sort(), Object.keys(registry).sort());
  for (const spec of Object.values(registry) as unknown as MessageSpec<{ type: string }>[]) {
    const layout = protocol.messages.get(spec.type);
    t.equal(layout?.code, spec.code, `${spec.type}: code`);
    t.same(layout?.from, spec.from, `${spec.type}: from`);
    t.same(layout?.to, spec.to, `${spec.type}: to`);
    t.equal(layout?.faultClass, spec.faultClass ?? '-', `${spec.type}: fault class`);
    t.equal(layout?.limit, spec.limitClass, `${spec.type}: limit`);
    t.equal(specOfCode(spec.code)?.type, spec.type, `${spec.type}: found by its code`);
  }
});

t.test('a table lists exactly the fields of its message', async (t) => {
  for (const { message, name } of loadVectors(protocol)) {
    const fields = protocol.messages.get(message.type)?.fields.map((field) => field.name);
    const { type: _, ...value } = toTable(message);
    t.same(Object.keys(value).sort(), fields?.toSorted(), name);
  }
});

t.test('enumerations and limits', async (t) => {
  t.same(protocol.enumerations.get('outcome'), outcomeCodes.words);
  t.same(protocol.enumerations.get('refusal'), refusalCodes.words);
  t.same(protocol.enumerations.get('kind'), eventKinds.words);
  for (const name of ['hello', 'client', 'server'] as const)
    t.equal(protocol.limits.get(name), frameBytesMax(name), name);
});

t.test('who may say what', async (t) => {
  t.ok(mayCarry('accept', 'server', 'server'));
  t.notOk(mayCarry('accept', 'client', 'server'), 'a client cannot vote');
  t.ok(mayCarry('submit', 'client', 'server'));
  t.notOk(mayCarry('submit', 'server', 'client'));
  t.notOk(mayCarry('submit', 'operator', 'server'));
  t.notOk(mayCarry('join', 'client', 'balancer'));
});

t.test('the fault grammar covers what BEHAVIOUR.md 5 says, and nothing else', async (t) => {
  const classes: Record<string, string[]> = {};
  for (const [type, spec] of Object.entries(registry)) {
    if (spec.faultClass !== undefined) classes[spec.faultClass] = [...(classes[spec.faultClass] ?? []), type];
  }
  t.same(classes, {
    p: ['prepare'],
    a: ['accept'],
    c: ['commit', 'chosen'],
    g: ['learn', 'learnReply', 'stateRequest', 'stateChunk'],
    r: ['forward'],
    h: ['heartbeat', 'heartbeatReply'],
  });
});
