/** A few hundred hostile sockets on real servers: nobody ends, honest clients lose nothing, descriptors come back. */
import t from 'tap';
import { assault } from './assault.js';
import { attackNames } from './attacks.js';

const seed = Number(process.env.SEED ?? 20260502);
t.comment(`seed ${seed}`);
/** A server of this test holds some 100 MiB; the hoarders' frames may come on top. */
const rssMiBMax = 400;

t.test('mutated traffic, dripped and hoarded frames, half-open connections', async (t) => {
  const results = await assault({
    attacks: attackNames,
    seconds: 2,
    sockets: {
      traffic: { sockets: 32, socketsPerSecond: 100 },
      drip: { sockets: 100, socketsPerSecond: 100 },
      hoard: { sockets: 60, socketsPerSecond: 40 },
      'half-open': { sockets: 400, socketsPerSecond: 400 },
    },
    seed,
    print: (line) => t.comment(line),
  });
  for (const { attack, attacked, counts } of results) {
    t.ok(counts.opened >= 30 && counts.bytesSent > 0, `${attack}: ${counts.opened} sockets`);
    t.ok(attacked.lines > 0, `${attack}: honest clients were served meanwhile`);
    t.ok(attacked.rssMiB < rssMiBMax, `${attack}: ${attacked.rssMiB.toFixed(0)} MiB`);
  }
});
