/** One message to one frame and back, through the registry; the rules that hold for every type stand here. */
import { assert, InvariantError } from '../base/index.js';
import { ProtocolError } from './errors.js';
import { FRAME_HEADER_BYTES, FRAME_VERSION } from './framing.js';
import { frameBytesMax, type MessageSpec } from './message-spec.js';
import { Reader } from './reader.js';
import { type Message, registry, specOfCode } from './registry.js';
import { Writer } from './writer.js';

/** Version, type and reserved. */
const FRAME_START_BYTES = 4;
const PREFIX_BYTES = FRAME_HEADER_BYTES - FRAME_START_BYTES;

const writer = new Writer();
const reader = new Reader();

/**
 * The whole frame of a message, header and checksum included. The bytes are never written again, so one frame may be
 * sent to many and kept. A message that breaks its own rules (a number out of range, a frame above its limit) is a bug
 * of ours: InvariantError.
 */
export function encode(message: Message): Buffer {
  const spec = registry[message.type] as MessageSpec<Message>;
  assert(spec !== undefined, 'a message of no known type');
  writer.beginFrame();
  spec.write(writer, message);
  const frame = writer.finishFrame(spec.code);
  const bytesMax = frameBytesMax(spec.limitClass);
  if (frame.length > bytesMax) {
    throw new InvariantError(`${spec.type} of ${frame.length} bytes where ${bytesMax} are allowed: cut it before`);
  }
  return frame;
}

/**
 * Reads what {@link FrameSplitter.next} gave: version, type, reserved, body. Throws {@link ProtocolError} unless every
 * byte has a meaning. Byte fields of the result are views of `frame`: copy what is kept past the handler.
 */
export function decode(frame: Uint8Array): Message {
  if (frame.length < FRAME_START_BYTES) throw new ProtocolError('tooShort', `frame content of ${frame.length} bytes`);
  if (frame[0] !== FRAME_VERSION)
    throw new ProtocolError('version', `frame version ${frame[0]}, this is ${FRAME_VERSION}`);
  const spec = specOfCode(frame[1] as number);
  if (spec === undefined) throw new ProtocolError('unknownType', `type ${frame[1]}`);
  if (frame[2] !== 0 || frame[3] !== 0) throw new ProtocolError('reserved', 'the reserved field is not 0');
  const bytesMax = frameBytesMax(spec.limitClass);
  if (frame.length + PREFIX_BYTES > bytesMax) {
    throw new ProtocolError(
      'tooLong',
      `${spec.type} of ${frame.length + PREFIX_BYTES} bytes where ${bytesMax} are allowed`,
    );
  }
  try {
    const message = spec.read(reader.reset(frame, FRAME_START_BYTES));
    reader.end();
    return message;
  } finally {
    reader.release();
  }
}
