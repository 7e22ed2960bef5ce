/** Our own endpoints for links, rules, heal and timelines: each answer, each refusal, and what they bring about. */
import t from 'tap';
import { toxicKinds } from '../../src/proxy/toxics/index.js';
import { registry } from '../../src/wire/index.js';
import { until } from '../support/until.js';
import { accept, commit, helloOf } from './framed-pair.js';
import { OwnApi } from './own-api-bench.js';

const soonMs = 20_000;

t.test('/links: who is there, what has passed and what was done to it', async (t) => {
  const api = await OwnApi.start(t);
  t.match((await api.get('/links')).json, { servers: [], leader: null, links: [], foreign: 0 });
  const { caller, listener } = await api.pair.greet();
  const operator = await api.pair.greet(helloOf('operator', 0));
  await api.post('/rules', [
    { id: 'lost', match: { from: 1, to: 2, kinds: 'commit' }, do: 'drop' },
    { id: 'clog', match: { from: 1, to: 2, kinds: 'accept', first: 1 }, do: 'clog' },
    { id: 'back', match: { from: 2, to: 1 }, do: { type: 'delay', time: 1 } },
  ]);
  caller.send(accept(1, 500), commit(1), accept(2));
  await until('the accept', soonMs, () => listener.slots().length === 1);
  api.pair.world.leader.heard(2, '5.2');
  const { status, json } = await api.get('/links');
  t.equal(status, 200);
  t.same(json.servers, [1, 2]);
  t.same(json.leader, { server: 2, ballot: '5.2' });
  t.match(json.links, [
    { from: 1, to: 2, connections: 1, frames: 4, held: 1, dropped: 1, delayed: 1, rules: ['lost', 'clog'] },
    { from: 2, to: 1, connections: 1, frames: 1, held: 0, dropped: 0, rules: ['back'] },
    { from: 2, to: 'client', connections: 1, rules: [] },
    { from: 'client', to: 2, connections: 1, frames: 1, rules: [] },
  ]);
  const [first] = json.links;
  t.ok(first !== undefined && first.bytes > 500 && first.heldBytes > 500);
  t.same(Object.keys(first ?? {}).slice(-8), [
    'dropped',
    'delayed',
    'duplicated',
    'reordered',
    'corrupted',
    'cut',
    'lost',
    'rules',
  ]);
  operator.caller.socket.resetAndDestroy();
  await until('it to be gone', soonMs, async () => (await api.get('/links')).json.links[2]?.connections === 0);
});

t.test('/rules: set one, list it with what came of it, replace it, take it away', async (t) => {
  const api = await OwnApi.start(t);
  t.same((await api.get('/rules')).json, { seed: 7, rules: [] });
  const { caller, listener } = await api.pair.greet();
  const set = await api.post('/rules', {
    id: 'slow votes',
    match: { to: 2, kinds: 'accept' },
    do: { type: 'delay', time: '1h' },
  });
  t.equal(set.status, 201);
  const shown = {
    id: 'slow votes',
    match: { from: '*', to: 2, kinds: ['accept'] },
    do: { type: 'delay', time: '1h' },
    text: 'slow votes: delay 60m on "*">2 of {"kinds":["accept"]}',
  };
  t.same(set.json, { rules: [{ ...shown, matched: 0, applied: 0 }], warnings: [] });
  caller.send(accept(1), accept(2));
  await until('two held', soonMs, () => api.pair.heldFrames === 2);
  t.same((await api.get('/rules/slow%20votes')).json, { rules: [{ ...shown, matched: 2, applied: 2 }] });
  const again = await api.post('/rules', { id: 'slow votes', match: { kinds: 'commit' }, do: 'drop' });
  t.match(again.json.rules, [{ id: 'slow votes', do: { type: 'drop' }, matched: 0 }]);
  await until('what it held', soonMs, () => listener.slots().length === 2);
  t.same(await api.rules(), ['slow votes'], 'it is still one rule');
  const gone = await api.delete('/rules/slow%20votes');
  t.same([gone.status, gone.text], [204, '']);
  t.same(await api.rules(), []);
  t.match((await api.post('/rules', { do: 'drop' })).json.rules, [{ id: /^rule-\d+$/, match: { from: '*', to: '*' } }]);
});

t.test('/rules: several at once, presets with the servers that are known, groups; all or nothing', async (t) => {
  const api = await OwnApi.start(t);
  for (const id of [1, 3, 4, 5]) await api.pair.greet(helloOf('server', id));
  const ring = await api.post('/rules', { preset: 'ring' });
  t.equal(ring.status, 201);
  t.equal(ring.json.rules.length, 5, 'servers 1 to 5 are known');
  t.match(ring.json.rules[0], {
    id: 'ring #1',
    group: 'ring',
    match: { from: [1, 3], to: [1, 3] },
    do: { type: 'drop' },
  });
  t.equal((await api.get('/rules/ring')).json.rules.length, 5, 'by its group');
  t.equal((await api.delete('/rules/ring%20%231')).status, 204, 'by its own name');
  t.equal((await api.rules()).length, 4);
  t.equal((await api.delete('/rules/ring')).status, 204);
  t.same(await api.rules(), []);
  const both = {
    rules: [
      { id: 'a', do: 'drop' },
      { preset: 'isolate', server: 1 },
    ],
  };
  t.same(
    (await api.post('/rules', both)).json.rules.map(({ id }) => id),
    ['a', 'isolate 1 #1', 'isolate 1 #2'],
  );
  const bad = await api.post('/rules', [{ id: 'b', do: 'drop' }, { do: 'dorp' }]);
  t.equal(bad.status, 400);
  t.match(bad.json, { status: 400, error: /^rules\[1\]: do\.type is "dorp": give one of delay, drop/ });
  const twice = await api.post('/rules', [
    { id: 'b', do: 'drop' },
    { id: 'b', do: 'clog' },
  ]);
  t.same(twice.json, { error: 'two of these rules are named "b": give each a name of its own', status: 400 });
  t.same(await api.rules(), ['a', 'isolate 1 #1', 'isolate 1 #2'], 'nothing of what was refused is set');
  t.equal((await api.delete('/rules')).status, 204);
  t.same(await api.rules(), []);
});

t.test('a rule that matches nothing is set, with a warning', async (t) => {
  const api = await OwnApi.start(t);
  const early = await api.post('/rules', { id: 'early', do: 'drop' });
  t.same(early.json.warnings, ['early: no server has connected yet; it acts as soon as one does']);
  await api.pair.greet();
  const nobody = await api.post('/rules', { id: 'nobody', match: { from: 9 }, do: 'drop' });
  t.equal(nobody.status, 201);
  t.same(nobody.json.warnings, ['nobody: it matches no link that is there (1>2 2>1): correct "from" and "to"']);
  const never = await api.post('/rules', { id: 'never', match: { kinds: 'submit' }, do: 'drop' });
  t.same(never.json.warnings, ['never: frames ["submit"] never pass on 1>2 2>1: correct "kinds"']);
  t.same((await api.post('/rules', { match: { kinds: 'accept' }, do: 'drop' })).json.warnings, []);
});

t.test('/heal: rules, timeline and toxics are gone, and named; what was held goes', async (t) => {
  const api = await OwnApi.start(t);
  const { caller, listener } = await api.pair.greet();
  const noop = toxicKinds.find(({ type }) => type === 'noop')!;
  api.pair.proxy.setToxics([{ name: 'n', kind: noop, stream: 'upstream', toxicity: 1, attributes: {} }]);
  await api.post('/rules', { id: 'clog', do: 'clog' });
  await api.post('/timeline', {
    script: {
      steps: [
        { at: 0, preset: 'isolate', server: 9 },
        { at: '1h', heal: true },
      ],
    },
  });
  await until('the first step', soonMs, async () => (await api.rules()).length === 3);
  caller.send(accept(1));
  await until('the frame to be held', soonMs, () => api.pair.heldFrames === 1);
  const healed = await api.post('/heal');
  t.equal(healed.status, 200);
  t.same(healed.json, { rules: ['clog', 'steps[0] #1', 'steps[0] #2'], toxics: ['pair/n'] });
  await until('the frame', soonMs, () => listener.slots().length === 1);
  t.same(await api.rules(), []);
  t.same(api.pair.proxy.toxics, []);
  t.equal((await api.get('/timeline')).json.timeline?.state, 'stopped');
  t.same((await api.post('/heal')).json, { rules: [], toxics: [] });
});

t.test('/timeline: start, look, stop', async (t) => {
  const api = await OwnApi.start(t);
  t.same((await api.get('/timeline')).json, { timeline: null });
  const steps = [
    { at: 0, match: { from: 1 }, do: 'drop' },
    { at: '1h', for: '1s', preset: 'isolate', server: 1 },
  ];
  const started = await api.post('/timeline', { script: { name: 'storm', steps }, seed: 11 });
  t.equal(started.status, 201);
  t.match(started.json.timeline, { name: 'storm', seed: 11, state: 'running', steps: 3, done: 0 });
  t.match(started.json.steps, [
    { atMs: 0, text: 'set steps[0]: drop on 1>"*"' },
    { atMs: 3_600_000, text: /^set for 1s steps\[1\] #1: / },
    { atMs: 3_601_000, text: 'remove steps[1] #1; steps[1] #2' },
  ]);
  await until('the first step', soonMs, async () => (await api.get('/timeline')).json.timeline?.done === 1);
  t.same(await api.rules(), ['steps[0]']);
  await api.post('/rules', { id: 'mine', do: 'clog' });
  t.equal((await api.delete('/timeline')).status, 204);
  t.match((await api.get('/timeline')).json.timeline, { state: 'stopped', done: 1 });
  t.same(await api.rules(), ['mine'], 'what it has set is gone, and nothing else');
});

const object = 'is no object; give its fields by name, as {"name": "value"}';
const refusals: readonly (readonly [
  method: string,
  path: string,
  body: unknown,
  status: number,
  error: string | RegExp,
])[] = [
  ['POST', '/rules', '', 400, /^bad request body: /],
  ['POST', '/rules', '{"do": "drop"', 400, /^bad request body: /],
  ['POST', '/rules', 'drop', 400, /^bad request body: /],
  ['POST', '/rules', 5, 400, `5 ${object}`],
  ['POST', '/rules', [[]], 400, `rules[0]: [] ${object}`],
  ['POST', '/rules', { rules: 5 }, 400, 'rules is 5: give a list of rules and presets'],
  ['POST', '/rules', { rules: [], seed: 1 }, 400, 'seed is unknown; there is rules'],
  ['POST', '/rules', { match: {} }, 400, /^do is missing: give what to do/],
  ['POST', '/rules', { preset: 'cat' }, 400, /^preset is "cat": give one of cut, isolate/],
  [
    'POST',
    '/rules',
    { match: { kinds: 'acept' }, do: 'drop' },
    400,
    /^match\.kinds: "acept" is no kind of frame; there is /,
  ],
  ['POST', '/rules', Array.from({ length: 5_000 }, () => ({ do: 'drop' })), 400, /^5000 rules: give \d+ at most$/],
  ['GET', '/rules/none', undefined, 404, 'no rule and no group is named "none": GET /rules lists them'],
  ['DELETE', '/rules/none', undefined, 404, 'no rule and no group is named "none": GET /rules lists them'],
  ['POST', '/timeline', '{', 400, /^bad request body: /],
  ['POST', '/timeline', [], 400, `[] ${object}`],
  ['POST', '/timeline', {}, 400, `nothing ${object}`],
  ['POST', '/timeline', { script: {} }, 400, 'the script has no steps: write [[steps]] or [[random]]'],
  [
    'POST',
    '/timeline',
    { script: { steps: [{ at: 0 }] } },
    400,
    'steps[0]: says nothing to do: give a preset, a rule or heal = true',
  ],
  ['POST', '/timeline', { script: {}, seed: -1 }, 400, 'seed is -1: give a whole number from 0 to 9007199254740991'],
  ['POST', '/timeline', { script: {}, name: 'x' }, 400, 'name is unknown; there is script, seed'],
  ['DELETE', '/timeline', undefined, 404, 'no timeline was started: POST /timeline starts one'],
  ['GET', '/events?names=rule,leadr', undefined, 400, /^"leadr" is no event; there is connection, rule, /],
  ['POST', '/expect', '{', 400, /^bad request body: /],
  ['POST', '/expect', {}, 400, 'expect: nothing: give an object with "event", as {"event": "leader"}'],
  ['POST', '/expect', { expect: { event: 'leadr' } }, 400, /^"leadr" is no event; there is connection, rule, /],
];

t.test('what is refused, with which status and in which words; and nothing changes', async (t) => {
  const api = await OwnApi.start(t);
  await api.pair.greet();
  for (const [method, path, body, status, error] of refusals) {
    const answer = await api.call(method, path, body);
    t.match(answer, { status, type: /json/ }, `${method} ${path} ${JSON.stringify(body)?.slice(0, 60)}`);
    t.match(answer.json, { error, status });
  }
  t.same(await api.rules(), []);
  t.same((await api.get('/timeline')).json, { timeline: null });
  for (const path of ['/links', '/rules', '/heal', '/timeline', '/events', '/trace', '/expect', '/metrics']) {
    t.equal((await api.call('PUT', path)).status, 405, `PUT ${path}`);
  }
});

t.test('a kind by any name that PROTOCOL.md has can be named', async (t) => {
  const api = await OwnApi.start(t);
  const answer = await api.post('/rules', { match: { kinds: Object.keys(registry) }, do: 'clog' });
  t.equal(answer.status, 201);
});
