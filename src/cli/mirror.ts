/** `synod mirror`: checks its options and copies rooms into Redis until it is told to end. */
import { randomBytes } from 'node:crypto';
import { defaultSecurity } from '../client/index.js';
import { startMirror } from '../redis/index.js';
import { connectionOptions } from './chat.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, serve } from './daemon.js';
import { UsageError } from './go-flags.js';
import { readRedis } from './redis-address.js';
import { readAgainOnHangup } from './security.js';
import { readDurationMs, readInteger, readRoom } from './values.js';

export async function mirror(call: Call): Promise<number> {
  const { options } = call;
  const url = options.text('to');
  if (url === undefined) throw new UsageError('where to? Give --to redis://HOST:PORT/DB');
  const to = readRedis('--to', url);
  const trim = options.text('trim');
  const signal = daemonSignal(call);
  const logger = await daemonLogger(call, 'mirror');
  readAgainOnHangup(logger, defaultSecurity().tls);
  const handle = await startMirror({
    to,
    rooms: options.texts('room').map(readOpenRoom),
    prefix: options.text('prefix') ?? '',
    trim: trim === undefined ? 0 : readInteger('--trim', trim, 1, Number.MAX_SAFE_INTEGER),
    chat: {
      ...connectionOptions(call),
      timeoutMs: readDurationMs('--timeout', options.text('timeout') ?? ''),
      // It reads what is open to all: whoever it is.
      token: randomBytes(32),
    },
    logger,
    signal,
    onProgress: (text) => call.output.note(`${call.program}: ${text}`),
  });
  return serve(call, handle, `READY mirror ${to.shown}`, signal);
}

function readOpenRoom(value: string): string {
  const room = readRoom('--room', value);
  if (room.startsWith('@')) throw new UsageError(`--room ${room}: messages between two people are never copied`);
  return room;
}
