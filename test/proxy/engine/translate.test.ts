/** Rewriting on the way: whole frames in and out, later if need be; what can't be read is left alone. */
import t from 'tap';
import { framePrefixBytes } from '../../../src/proxy/engine/read-frame.js';
import { translations } from '../../../src/proxy/engine/translate.js';
import { decode, encode, type Message, type MessageType, registry } from '../../../src/wire/index.js';
import { accept, helloOf } from '../framed-pair.js';

const hello = helloOf('server', 1, 'localhost:9010');

function through(
  rewrites: Parameters<typeof translations>[0],
  type: MessageType,
  frame: Uint8Array,
): Uint8Array | Promise<Uint8Array> | undefined {
  return translations(rewrites).get(registry[type].code)?.(frame);
}

const read = (frame: Uint8Array): Message => decode(frame.subarray(framePrefixBytes));

t.test('a message is rewritten; one that stays the same object is not written anew', async (t) => {
  const frame = encode(hello);
  const changed = through({ hello: (one) => ({ ...one, address: 'proxy:1' }) }, 'hello', frame) as Uint8Array;
  t.match(read(changed), { type: 'hello', serverId: 1, address: 'proxy:1' });
  t.equal(through({ hello: (one) => one }, 'hello', frame), frame);
  t.equal(through({ hello: (one) => one }, 'accept', encode(accept(1))), undefined, 'other kinds have no translation');
});

t.test('a rewriting may take its time', async (t) => {
  const frame = encode(hello);
  const later = through({ hello: async (one) => ({ ...one, address: 'proxy:2' }) }, 'hello', frame);
  t.ok(later instanceof Promise);
  t.match(read(await (later as Promise<Uint8Array>)), { address: 'proxy:2' });
  t.equal(await through({ hello: async (one) => one }, 'hello', frame), frame);
  await t.rejects(
    through({ hello: () => Promise.reject(new Error('no port')) }, 'hello', frame) as Promise<Uint8Array>,
    /no port/,
  );
});

t.test('what can’t be read passes as it is: its receiver refuses it, and nothing here breaks', async (t) => {
  const bad = encode(hello);
  bad[10] = 1;
  const short = encode(hello).subarray(0, 40);
  const rewrites = { hello: () => t.fail('it was rewritten') as never };
  for (const frame of [bad, short]) t.equal(through(rewrites, 'hello', frame), frame);
});
