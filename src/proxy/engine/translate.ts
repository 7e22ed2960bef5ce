/** Rewriting of some frames on their way: how `--master` puts the proxy's addresses in place of the servers'. */
import { crc32, readU32 } from '../../base/index.js';
import { encode, type Message, type MessageOf, type MessageType, ProtocolError, registry } from '../../wire/index.js';
import { framePrefixBytes, readFrame } from './read-frame.js';

/** Each gets the whole frame and gives the whole frame to send instead; the same one to leave it as it is. */
export type Translate = ReadonlyMap<number, (frame: Uint8Array) => Uint8Array | Promise<Uint8Array>>;

/** Nothing is rewritten. */
export const noTranslation: Translate = new Map();

/** How a message is rewritten; it may return the same object. */
export type Rewrite<M> = (message: M) => M | Promise<M>;

/**
 * Translations from rewritings of decoded messages, by type. A frame that can't be read is left for its receiver to
 * refuse.
 */
export function translations(rewrites: { readonly [T in MessageType]?: Rewrite<MessageOf<T>> }): Translate {
  return new Map(
    Object.entries(rewrites).map(([type, rewrite]) => {
      const apply = rewrite as Rewrite<Message>;
      return [
        registry[type as MessageType].code,
        (frame: Uint8Array): Uint8Array | Promise<Uint8Array> => {
          const message = readable(frame);
          if (message === undefined) return frame;
          const changed = apply(message);
          if (changed instanceof Promise) return changed.then((later) => (later === message ? frame : encode(later)));
          return changed === message ? frame : encode(changed);
        },
      ];
    }),
  );
}

/** A frame whose checksum is wrong must not arrive with a right one. */
function readable(frame: Uint8Array): Message | undefined {
  if (crc32(frame.subarray(framePrefixBytes)) !== readU32(frame, 4)) return undefined;
  const message = readFrame(frame);
  return message instanceof ProtocolError ? undefined : message;
}
