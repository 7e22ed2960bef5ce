/** The hello gate: who is ended before hello is logged and counted, and a flood of them is one line. */
import t from 'tap';
import { CollapsingLogger, type LogFields, silentLogger } from '../../src/base/index.js';
import { helloGate } from '../../src/daemon/hello-gate.js';
import type { ConnectionHandlers, FrameConnection } from '../../src/net/index.js';
import { FakeClock } from '../support/fake-clock.js';

t.test('strangers are logged, a flood of them as a number', async (t) => {
  const clock = new FakeClock();
  const lines: [string, LogFields | undefined][] = [];
  const plain = { ...silentLogger, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
  const logger = new CollapsingLogger(plain, { clock, level: 'info' });
  const ended: string[] = [];
  const gate = helloGate({
    roles: ['client'],
    what: 'a server',
    onHello: () => undefined,
    onEnded: (code) => ended.push(code),
    logger,
  });
  let port = 0;
  const stranger = (byPeer = false): void => {
    let handlers: ConnectionHandlers | undefined;
    const attach = (given: ConnectionHandlers): void => {
      handlers = given;
    };
    const connection = { remoteAddress: `127.0.0.1:${++port}`, attach };
    gate(connection as unknown as FrameConnection);
    handlers?.onClose({ code: 'PROTOCOL_ERROR', text: 'not a frame', byPeer });
  };
  stranger(true);
  t.same(lines, [], 'who hangs up is nobody to warn of');
  for (let i = 0; i < 1_000; i++) stranger();
  const line = { code: 'PROTOCOL_ERROR', text: 'not a frame' };
  t.same(lines, [['stranger-ended', { from: '127.0.0.1:2', ...line }]]);
  clock.advance(10_000);
  t.same(lines.slice(1), [['stranger-ended', { from: '127.0.0.1:1001', ...line, repeated: 999 }]]);
  t.equal(ended.length, 1_000, 'each is counted');
});
