/**
 * What a chunk of transferred state holds: rows of the state, and values of slots. An item is
 *    row    u8 1 · u16 length, key · u32 length, value
 *    value  u8 2 · u53 slot · u32 length, value
 */
import { assert, readU64, writeU53 } from '../base/index.js';
import { ProtocolError } from './errors.js';
import type { Slot } from './types.js';

const ROW = 1;
const VALUE = 2;
const ROW_HEAD_BYTES = 1 + 2;
const VALUE_HEAD_BYTES = 1 + 8 + 4;

export type StateItem =
  | { readonly kind: 'row'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'value'; readonly slot: Slot; readonly value: Uint8Array };

export function encodeStateRow(key: Uint8Array, value: Uint8Array): Buffer {
  assert(key.length <= 0xffff, `a key of ${key.length} bytes`);
  const bytes = Buffer.allocUnsafe(ROW_HEAD_BYTES + key.length + 4 + value.length);
  bytes.writeUInt8(ROW, 0);
  bytes.writeUInt16BE(key.length, 1);
  bytes.set(key, ROW_HEAD_BYTES);
  bytes.writeUInt32BE(value.length, ROW_HEAD_BYTES + key.length);
  bytes.set(value, ROW_HEAD_BYTES + key.length + 4);
  return bytes;
}

export function encodeStateValue(slot: Slot, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(VALUE_HEAD_BYTES + value.length);
  bytes.writeUInt8(VALUE, 0);
  writeU53(bytes, 1, slot);
  bytes.writeUInt32BE(value.length, 9);
  bytes.set(value, VALUE_HEAD_BYTES);
  return bytes;
}

/** The items of a chunk; their bytes are views. Throws {@link ProtocolError} for anything else. */
export function readStateItems(chunk: Uint8Array): StateItem[] {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  const items: StateItem[] = [];
  let at = 0;
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new ProtocolError('truncated', `a state item of ${length} bytes`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const kind = take(1)[0];
    if (kind === ROW) {
      const key = take(take(2).readUInt16BE(0));
      items.push({ kind: 'row', key, value: take(take(4).readUInt32BE(0)) });
    } else if (kind === VALUE) {
      const slot = readU64(take(8), 0);
      if (slot < 1 || !Number.isSafeInteger(slot)) throw new ProtocolError('outOfRange', `a value of slot ${slot}`);
      items.push({ kind: 'value', slot, value: take(take(4).readUInt32BE(0)) });
    } else throw new ProtocolError('unknownValue', `a state item of kind ${kind}`);
  }
  return items;
}
