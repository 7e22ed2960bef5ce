/** Who is linked: clients count and operators do not, and whom this server had to end is told apart by why. */
import t from 'tap';
import { type Logger, silentLogger } from '../../src/base/index.js';
import { type ClientLink, newClientLink } from '../../src/daemon/server/client-link.js';
import { ClientLinks } from '../../src/daemon/server/client-links.js';
import type { CloseCode, CloseReason, FrameConnection } from '../../src/net/index.js';

function here(code: CloseCode): CloseReason {
  return { code, text: 'why', byPeer: false };
}

function rig() {
  const happened: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (event, { code } = {}) => happened.push(`${event} ${code}`) };
  const links = new ClientLinks({
    logger,
    serves: (serves) => happened.push(serves ? 'serves' : 'serves nobody'),
    onCountChanged: () => happened.push(`now ${links.count}`),
  });
  const linked = (name: string, queuedBytes = 0): ClientLink => {
    const connection = {
      remoteAddress: name,
      queuedBytes,
      send: ({ type }: { type: string }) => happened.push(`${name} gets ${type}`),
      goodbye: (code: string) => happened.push(`${name} goes: ${code}`),
      abandon: () => happened.push(`${name} is abandoned`),
    };
    return newClientLink(connection as unknown as FrameConnection, undefined);
  };
  return { links, linked, seen: () => happened.splice(0) };
}

t.test('clients count, now and ever; the first and the last one are told', async (t) => {
  const { links, linked, seen } = rig();
  const [a, b, operator] = [linked('a'), linked('b'), linked('operator')];
  links.add(operator, 'operator');
  t.same(seen(), [], 'an operator counts as nobody');
  links.add(a, 'client');
  links.add(b, 'client');
  t.same(seen(), ['serves', 'now 1', 'now 2']);
  links.remove(a, 'client', here('LOCAL'));
  links.remove(operator, 'operator', here('LOCAL'));
  t.same(seen(), ['now 1']);
  links.remove(b, 'client', here('LOCAL'));
  t.same(seen(), ['serves nobody', 'now 0']);
  t.equal(links.arrivedEver, 2);
  t.same([...links], []);
});

t.test('whom this server had to end is logged and counted by why; orderly ends are not', async (t) => {
  const { links, linked, seen } = rig();
  const end = (reason: CloseReason): void => {
    const link = linked('a');
    links.add(link, 'client');
    links.remove(link, 'client', reason);
  };
  for (const reason of [here('LOCAL'), here('SHUTTING_DOWN'), { ...here('SILENT'), byPeer: true }]) end(reason);
  t.equal(links.droppedFor.size, 0);
  t.notOk(seen().some((line) => line.startsWith('client-dropped')));
  for (const code of ['SILENT', 'PROTOCOL_ERROR', 'SILENT'] as const) end(here(code));
  t.same([...links.droppedFor], Object.entries({ SILENT: 2, PROTOCOL_ERROR: 1 }));
  t.equal(seen().filter((line) => line.startsWith('client-dropped')).length, 3);
});

t.test('all hear what is said to all; clients can be sent away alone', async (t) => {
  const { links, linked, seen } = rig();
  links.add(linked('a', 5), 'client');
  links.add(linked('b', 7), 'client');
  links.add(linked('operator', 11), 'operator');
  seen();
  t.equal(links.outboundBytes, 23);
  links.sendAll({ type: 'ping', token: 1 });
  t.same(seen(), ['a gets ping', 'b gets ping', 'operator gets ping']);
  links.sendClientsAway('why');
  t.same(seen(), ['a goes: SHUTTING_DOWN', 'b goes: SHUTTING_DOWN']);
  links.sendAway('why');
  t.same(seen(), ['a goes: SHUTTING_DOWN', 'b goes: SHUTTING_DOWN', 'operator goes: SHUTTING_DOWN']);
  links.abandon();
  t.same(seen(), ['a is abandoned', 'b is abandoned', 'operator is abandoned']);
});
