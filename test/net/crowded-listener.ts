/**
 * A listener in a process of its own, so that a test can take its file descriptors away. Prints its address, then
 * echoes.
 */
import { nodeClock } from '../../src/base/index.js';
import { clientLimits, listen, netContext } from '../../src/net/index.js';

const listener = await listen(
  {
    address: '127.0.0.1:0',
    connectionsMax: 10_240,
    onConnection: (connection) => {
      connection.useLimits(clientLimits);
      connection.attach({
        onMessage: () => connection.send({ type: 'waiting', serverId: 1, registered: 1, servers: 3 }),
        onClose: () => undefined,
      });
    },
  },
  netContext(nodeClock),
);
process.stdout.write(`${listener.address} ${listener.connectionsMax}\n`);
