/** A frame's message, where the proxy looks into one: what can't be read is an answer, its receiver refuses it. */
import { decode, type Message, ProtocolError } from '../../wire/index.js';

/** Bytes of a frame before its version field: length and checksum. */
export const framePrefixBytes = 8;

/** `frame` is whole and begins with its length field; its checksum is not looked at. */
export function readFrame(frame: Uint8Array): Message | ProtocolError {
  try {
    return decode(frame.subarray(framePrefixBytes));
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}
