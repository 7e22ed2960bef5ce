/** The hello gate's own voice: who ends before hello is logged, but nobody can fill the log with it. */
import t from 'tap';
import { type LogFields, silentLogger } from '../../src/base/index.js';
import { helloGate } from '../../src/daemon/hello-gate.js';
import type { ConnectionHandlers, FrameConnection } from '../../src/net/index.js';
import { FakeClock } from '../support/fake-clock.js';

t.test('strangers are logged one by one, a flood of them as a number', async (t) => {
  const clock = new FakeClock();
  const lines: [string, LogFields | undefined][] = [];
  const logger = { ...silentLogger, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
  const gate = helloGate({ roles: ['client'], what: 'a server', onHello: () => undefined, logger, clock });
  const stranger = (byPeer = false): void => {
    let handlers: ConnectionHandlers | undefined;
    const attach = (given: ConnectionHandlers): void => {
      handlers = given;
    };
    const connection = { remoteAddress: '127.0.0.1:5', attach };
    gate(connection as unknown as FrameConnection);
    handlers?.onClose({ code: 'PROTOCOL_ERROR', text: 'not a frame', byPeer });
  };
  stranger(true);
  t.same(lines, [], 'who hangs up is nobody to warn of');
  for (let i = 0; i < 1_000; i++) stranger();
  t.equal(lines.length, 10);
  t.match(lines[0], ['stranger ended', { from: '127.0.0.1:5', code: 'PROTOCOL_ERROR', text: 'not a frame' }]);
  clock.advance(10_000);
  stranger();
  t.same(lines.slice(10), [
    ['more strangers ended', { count: 990 }],
    ['stranger ended', { from: '127.0.0.1:5', code: 'PROTOCOL_ERROR', text: 'not a frame' }],
  ]);
});
