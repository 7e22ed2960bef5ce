/** `synod room retain`: decides in the log how much of a room is kept. */
import { exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { decide, wishFor } from './decide.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { readAge, readOrdinal, readRoom } from './values.js';

export async function roomRetain(call: Call): Promise<number> {
  const { options, positionals, output } = call;
  const [given] = positionals;
  if (given === undefined) throw new UsageError("which room? synod room retain '#ops' --count 10000");
  const room = readRoom('ROOM', given);
  const { count, ageMs } = readPolicy(call);
  await decide(call, { ...wishFor('retain', room), count, ageMs });
  if (options.has('json')) output.line(jsonLine({ event: 'retain', room, count, ageMs }));
  else output.line(policyText(room, count, options.text('age')));
  return exitCodes.ok;
}

/** 0: no bound. */
function readPolicy({ options }: Call): { count: number; ageMs: number } {
  const count = options.text('count');
  const age = options.text('age');
  if (!options.has('all') && count === undefined && age === undefined)
    throw new UsageError('how much? Give --count, --age, or --all');
  return {
    count: count === undefined ? 0 : readOrdinal('--count', count),
    ageMs: age === undefined ? 0 : readAge('--age', age),
  };
}

function policyText(room: string, count: number, age: string | undefined): string {
  const bounds = [
    ...(count === 0 ? [] : [count === 1 ? 'its newest message' : `its newest ${count} messages`]),
    ...(age === undefined ? [] : [`messages younger than ${age}`]),
  ];
  if (bounds.length === 0) return `${room} keeps everything from now on; what was deleted stays deleted`;
  return `${room} keeps ${bounds.join(', and of these only ')}`;
}
