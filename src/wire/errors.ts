/** What can be wrong with bytes from outside: one error class with a closed set of reasons. */

/** Why bytes were refused. Every one of them ends the connection; none of them is ever an assertion. */
export type ProtocolErrorReason =
  /** The length field is below the smallest frame. */
  | 'tooShort'
  /** The length field, or a frame of this type, is above the limit. */
  | 'tooLong'
  /** The checksum does not match. */
  | 'checksum'
  /** A frame version we do not speak. */
  | 'version'
  /** A type code that no message has. */
  | 'unknownType'
  /** A reserved field is not zero. */
  | 'reserved'
  /** The frame ends inside a field. */
  | 'truncated'
  /** Bytes are left over after the last field. */
  | 'leftOver'
  /** An enumeration or a boolean has a value that is none. */
  | 'unknownValue'
  /** A number is above 2^53-1 or outside its field's range. */
  | 'outOfRange'
  /** A count promises more elements than the rest of the frame can hold. */
  | 'count'
  /** A text is not UTF-8. */
  | 'utf8';

/** Thrown by everything that reads bytes from outside. The one lawful answer is to say so and close the connection. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reason: ProtocolErrorReason;

  constructor(reason: ProtocolErrorReason, text: string) {
    super(`${text} (${reason}); close the connection, the peer speaks another protocol or is broken`);
    this.reason = reason;
  }
}
