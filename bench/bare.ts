/** `npm run bench -- bare`: what sockets and files in Node give at best, which synod is measured by, and the floor. */
import { describeEnvironment } from './environment.js';
import { floorText, measureFloor } from './floor.js';
import { readOptions } from './options.js';
import { type LoadShape, measureBare } from './systems.js';

const shapes = [
  [1, 1],
  [16, 1],
  [16, 16],
  [16, 256],
] as const;

export async function main(args: readonly string[]): Promise<number> {
  const { numbers, switches } = readOptions(args, {
    numbers: { seconds: 5, warmup: 2, size: 100, clients: 0, inflight: 0 },
    switches: ['no-fsync', 'follower'],
  });
  const durable = !switches.has('no-fsync');
  const seat = switches.has('follower') ? 'follower' : 'leader';
  console.log(describeEnvironment());
  console.log(
    `bare pipeline: leader and 2 followers, ${durable ? 'durable' : 'not durable'}, clients on ${seat === 'leader' ? 'the leader' : 'a follower'}; ` +
      `closed loop, ${numbers.size}-byte lines, ${numbers.seconds} s after ${numbers.warmup} s of warm-up`,
  );
  console.log(`${floorText(await measureFloor(1))}\n`);
  console.log('| clients × in flight | lines/s | p50 ms | p99 ms | max ms | foreign cores |');
  console.log('|---|---|---|---|---|---|');
  const chosen = numbers.clients > 0 ? [[numbers.clients, Math.max(1, numbers.inflight)] as const] : shapes;
  for (const [clients, inFlight] of chosen) {
    const shape: LoadShape = { clients, inFlight, durable };
    const { perSecond, p50Us, p99Us, maxUs, foreignCores } = await measureBare(shape, numbers, seat);
    const cells = [
      `${clients}×${inFlight}`,
      Math.round(perSecond).toLocaleString('en'),
      ...[p50Us, p99Us, maxUs].map((us) => (us / 1000).toFixed(2)),
      foreignCores.toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  return 0;
}
