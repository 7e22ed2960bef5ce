/** The chat's hand on the faults: against a real proxy, against nobody, and against what is no proxy at all. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { faultControl } from '../../src/cli/chat-faults.js';
import { toxicKinds } from '../../src/proxy/toxics/index.js';
import type { FaultAction, FaultAnswer } from '../../src/tui/index.js';
import { accept } from '../proxy/framed-pair.js';
import { OwnApi } from '../proxy/own-api-bench.js';
import { freePort } from '../support/ports.js';
import { nowMs, until } from '../support/until.js';

const soonMs = 20_000;
const cut: FaultAction = { kind: 'cut', a: 's1', b: '2', oneWay: false };

function stateOf(answer: FaultAnswer) {
  if (!answer.ok) throw new Error(answer.text);
  return answer.state;
}

/** An HTTP server that gives the same answer to everything, or none. */
async function startStranger(t: Test, answers: { status: number; body: string } | undefined): Promise<string> {
  const server = createServer((_request, response) => {
    if (answers !== undefined) response.writeHead(answers.status).end(answers.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('what there is: links, rules, toxics', async (t) => {
  const api = await OwnApi.start(t);
  const faults = faultControl(api.address);
  t.strictSame(await faults.read(), { ok: true, text: 'no faults', state: { rules: [], links: [], toxics: [] } });
  const { caller } = await api.pair.greet();
  await api.post('/rules', { id: 'clog', match: { from: 1, to: 2 }, do: 'clog' });
  const noop = toxicKinds.find(({ type }) => type === 'noop')!;
  api.pair.proxy.setToxics([{ name: 'n', kind: noop, stream: 'upstream', toxicity: 1, attributes: {} }]);
  caller.send(accept(1));
  await until('the frame to be held', soonMs, () => api.pair.heldFrames === 1);
  const answer = await faults.read();
  t.equal(answer.text, '2 faults');
  t.strictSame(stateOf(answer), {
    rules: [{ id: 'clog', text: 'clog: clog on 1>2' }],
    links: [
      { from: '1', to: '2', connections: 1, held: 1, dropped: 0, delayed: 1, rules: ['clog'] },
      { from: '2', to: '1', connections: 1, held: 0, dropped: 0, delayed: 0, rules: [] },
    ],
    toxics: ['pair/n'],
  });
});

t.test('cut, delay, loss, heal: each is done, told, and seen in the state that comes with it', async (t) => {
  const api = await OwnApi.start(t);
  const faults = faultControl(api.address);
  const early = await faults.act({ ...cut, oneWay: true });
  t.match(early, { ok: true, text: /^cut 1 2 oneWay: drop on 1>2 · warning: .*no server has connected yet/ });
  await api.pair.greet();
  const both = await faults.act(cut);
  t.match(both, { ok: true, text: 'cut 1 2 #1: drop on 1>2 · cut 1 2 #2: drop on 2>1' });
  await faults.act({ kind: 'delay', a: '1', b: 's2', time: '200ms±50' });
  const lossy = await faults.act({ kind: 'loss', a: '2', b: '*', share: '20%' });
  t.same(
    stateOf(lossy).rules.map(({ id }) => id),
    await api.rules(),
    'the state is the one after the action',
  );
  t.match(
    stateOf(lossy).rules.map(({ text }) => text),
    [/oneWay/, /^cut/, /^cut/, /150ms.*250ms/, /250ms/, /20%|0\.2/, /20%|0\.2/],
  );
  t.same(stateOf(lossy).links[0]?.rules.slice(0, 2), ['cut 1 2 oneWay', 'cut 1 2 #1']);
  const healed = await faults.act({ kind: 'heal' });
  t.match(healed, { ok: true, text: /^healed: cut 1 2 oneWay, cut 1 2 #1, cut 1 2 #2, / });
  t.same(stateOf(healed).rules, []);
  t.match(await faults.act({ kind: 'heal' }), { ok: true, text: 'nothing to heal' });
});

const wrong: readonly (readonly [action: FaultAction, says: RegExp])[] = [
  [{ ...cut, b: 'two' }, /^"two" is no server; .*Write it as \/cut A B \[--one-way\]$/],
  [{ ...cut, a: '\u001b[31m1' }, /^"␛\[31m1" is no server; /],
  [{ kind: 'delay', a: '1', b: '2', time: 'soon' }, /^TIME: "soon" is no time .*Write it as \/delay A B 200ms±50ms$/],
  [{ kind: 'loss', a: '1', b: '2', share: '200%' }, /^SHARE: "200%" .*Write it as \/loss A B 20%$/],
  [{ ...cut, b: '1' }, /^the proxy refuses: b is 1: give another end than a$/],
  [{ ...cut, b: '0' }, /^the proxy refuses: b is 0: give a whole number from 1 to 65535$/],
];

t.test('what is mistyped is told with how to write it, and changes nothing', async (t) => {
  const api = await OwnApi.start(t);
  const faults = faultControl(api.address);
  for (const [action, says] of wrong) t.match(await faults.act(action), { ok: false, text: says });
  t.same(await api.rules(), []);
});

t.test('nobody listens', async (t) => {
  const address = `127.0.0.1:${await freePort()}`;
  const says = new RegExp(
    `^No fault proxy answers at ${address} \\(connection refused\\)\\. Is it running\\? .*--proxy-api`,
  );
  for (const answer of [await faultControl(address).read(), await faultControl(address).act(cut)]) {
    t.match(answer, { ok: false, text: says });
  }
  t.match(await faultControl('no address').read(), { ok: false, text: /^No fault proxy answers at no address / });
});

t.test('an action that was done, and a look at the links that fails: both are told', async (t) => {
  const rules = JSON.stringify({ rules: [{ id: 'cut 1 2', text: 'cut 1 2: drop on 1>2' }], warnings: [] });
  const address = await startStranger(t, { status: 201, body: rules });
  const answer = await faultControl(address).act(cut);
  t.match(answer, { ok: false, text: /^cut 1 2: drop on 1>2 · but then: What answers at .* \(\/links has no list/ });
});

const strangers: readonly (readonly [status: number, body: string, says: RegExp])[] = [
  [200, '<html>hello</html>', /^What answers at \S+ is no fault proxy \(\S+ is no JSON\)\. Give .* --proxy-api$/],
  [200, '', /no fault proxy \(\S+ has no object/],
  [200, '[]', /no fault proxy \(\S+ has no object/],
  [200, '{"links":[{"from":1,"to":2,"connections":"many"}]}', /\/links has no number/],
  [200, '{"links":[{"from":1,"to":{}}]}', /\/links has no text/],
  [404, '404 page not found\n', /no fault proxy \(\S+: HTTP 404: 404 page not found\)/],
  [500, 'boom\u001b[2J\u202e\nboom', /no fault proxy \(\S+: HTTP 500: boom␛\[2J\ufffd␊boom\)/],
  [500, '{"error":"boom\\u001b[2J"}', /^the proxy failed: boom␛\[2J\. Look into its log$/],
  [500, 'x'.repeat(1 << 20), /^.{100,300}$/],
];

t.test('garbage and errors become a line of text that is safe to print', async (t) => {
  for (const [status, body, says] of strangers) {
    const faults = faultControl(await startStranger(t, { status, body }));
    t.match(await faults.read(), { ok: false, text: says }, body.slice(0, 40));
    t.match(await faults.act({ kind: 'heal' }), { ok: false }, body.slice(0, 40));
  }
});

t.test('hostile words inside an answer of the right shape are made harmless', async (t) => {
  const evil = '\u001b]0;x\u0007\u202e';
  const link = { from: evil, to: 2, connections: 1, held: 0, dropped: 0, delayed: 0, rules: [evil] };
  const body = { links: [link], rules: [{ id: evil, text: evil }], [evil]: { toxics: [{ name: evil }] } };
  const { links: _links, rules: _rules, ...proxies } = body;
  const server = createServer(({ url }, response) => response.end(JSON.stringify(url === '/proxies' ? proxies : body)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const state = stateOf(await faultControl(`127.0.0.1:${port}`).read());
  const safe = '␛]0;x␇\ufffd';
  t.match(state, {
    rules: [{ id: safe, text: safe }],
    links: [{ from: safe, rules: [safe] }],
    toxics: [`${safe}/${safe}`],
  });
});

t.test('silence ends after two seconds', async (t) => {
  const faults = faultControl(await startStranger(t, undefined));
  const sinceMs = nowMs();
  t.match(await faults.read(), { ok: false, text: /\(no answer within 2 s\)\. Is it running\?/ });
  const tookMs = nowMs() - sinceMs;
  t.ok(tookMs >= 1_900 && tookMs < 4_000, `${tookMs} ms`);
});
