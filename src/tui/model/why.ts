/** What is known of a message's way into the log. */
import type { Line } from './lines.js';
import { shortMs } from './look.js';
import { isMine, type Model } from './model.js';

/** A message's life, as far as it is known here. */
export function why(model: Model, n: number): string {
  const { room } = model;
  if (n === 0) {
    const own = room.own.at(-1);
    if (own !== undefined && own.state !== 'committed')
      return `Your last message is ${own.state}${own.reason === '' ? '' : `: ${own.reason}`}.`;
  }
  const line = n === 0 ? lastMine(model) : room.lines.post(n);
  if (line === undefined)
    return n === 0 ? 'None of your messages is loaded here.' : `Message ${n} is not loaded; /goto ${n} first.`;
  const head = `Message ${line.n} of ${room.name}, from ${line.from}: chosen at slot ${line.slot}`;
  const life = room.lives.get(line.n);
  if (life === undefined)
    return `${head}; its ballot and time to commit are known only where it was sent, for a while.`;
  const ballot = life.ballot === '' ? '' : ` under ballot ${life.ballot}`;
  return `${head}${ballot}, ${shortMs(life.commitMs)} from Enter to commit. It will not change any more.`;
}

function lastMine(model: Model): Line | undefined {
  const { lines } = model.room;
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines.at(index);
    if (line !== undefined && line.n > 0 && isMine(model, line)) return line;
  }
  return undefined;
}
