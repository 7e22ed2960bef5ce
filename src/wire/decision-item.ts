/** The item with what an operator decided about a room or a name: decided in the log, so the same everywhere. */
import { asBuffer, assert, limits, readU64, U53_MAX, writeU53 } from '../base/index.js';
import { ITEM_DECISION, ITEM_HEADER_BYTES, startItem, TOKEN_HASH_BYTES } from './entry.js';
import { ProtocolError } from './errors.js';
import { enumeration, ID_BYTES } from './fields.js';
import { textAt } from './reader.js';

/**
 * retain: what a room keeps. block, unblock: who bears the name may not write, and may again. release: the name belongs
 * to nobody. recover: the name belongs to whoever has another token.
 */
export type DecisionVerb = 'retain' | 'block' | 'unblock' | 'release' | 'recover';

/** 1 retain 2 block 3 unblock 4 release 5 recover; append only, each new one behind a feature bit of its own. */
export const decisionVerbs = enumeration<DecisionVerb>(['retain', 'block', 'unblock', 'release', 'recover']);

/** What a verb has no use for is 0, empty or zeros. */
export interface DecisionItem {
  readonly verb: DecisionVerb;
  /** 16 random bytes, by which the server that proposed it knows it again. */
  readonly id: Uint8Array;
  /**
   * How many decisions had been judged where it was proposed: on another number it is void. A copy of the item, or one
   * that comes late, must not undo what was decided meanwhile.
   */
  readonly basis: number;
  /** A room or a name, at most 255 bytes; whether it is a lawful one is decided at apply. */
  readonly subject: string;
  /** retain: so many of the newest messages; 0: no bound. */
  readonly count: number;
  /** retain: messages younger than so many milliseconds of the log clock; 0: no bound. */
  readonly ageMs: number;
  /** recover: the token hash that the name belongs to from now on. */
  readonly tokenHash: Uint8Array;
  /** block: a reason for whoever is told, at most `limits.whyBytesMax` bytes. */
  readonly why: string;
}

const ID_AT = 1;
const BASIS_AT = ID_AT + ID_BYTES;
const COUNT_AT = BASIS_AT + 8;
const AGE_AT = COUNT_AT + 8;
const TOKEN_AT = AGE_AT + 8;
const SUBJECT_AT = TOKEN_AT + TOKEN_HASH_BYTES;
/** Both texts empty. */
const BYTES_MIN = SUBJECT_AT + 1 + 1;

export function decisionItem({ verb, id, basis, subject, count, ageMs, tokenHash, why }: DecisionItem): Buffer {
  const subjectBytes = Buffer.from(subject, 'utf8');
  const whyBytes = Buffer.from(why, 'utf8');
  assert(id.length === ID_BYTES, 'decision: id');
  assert(tokenHash.length === TOKEN_HASH_BYTES, 'decision: token hash');
  assert(subjectBytes.length <= 0xff && whyBytes.length <= limits.whyBytesMax, 'decision: a text too long');
  const fault = faultOf(basis, count, ageMs);
  assert(fault === undefined, `decision: ${fault}`);
  const item = startItem(ITEM_DECISION, BYTES_MIN + subjectBytes.length + whyBytes.length);
  const at = ITEM_HEADER_BYTES;
  item[at] = decisionVerbs.code(verb);
  item.set(id, at + ID_AT);
  writeU53(item, at + BASIS_AT, basis);
  writeU53(item, at + COUNT_AT, count);
  writeU53(item, at + AGE_AT, ageMs);
  item.set(tokenHash, at + TOKEN_AT);
  item[at + SUBJECT_AT] = subjectBytes.length;
  item.set(subjectBytes, at + SUBJECT_AT + 1);
  const whyAt = at + SUBJECT_AT + 1 + subjectBytes.length;
  item[whyAt] = whyBytes.length;
  item.set(whyBytes, whyAt + 1);
  return item;
}

/** Id and hash are views. Throws {@link ProtocolError}. */
export function readDecision(bytes: Uint8Array, offset: number, length: number): DecisionItem {
  if (length < BYTES_MIN) throw new ProtocolError('truncated', `decision of ${length} bytes`);
  const verb = decisionVerbs.words[(bytes[offset] as number) - 1];
  if (verb === undefined) throw new ProtocolError('unknownValue', `decision of kind ${bytes[offset]}`);
  const subjectLength = bytes[offset + SUBJECT_AT] as number;
  if (length < BYTES_MIN + subjectLength) throw new ProtocolError('truncated', 'a decision ends inside its subject');
  const subjectAt = offset + SUBJECT_AT + 1;
  const whyAt = subjectAt + subjectLength + 1;
  const whyLength = bytes[whyAt - 1] as number;
  if (length < BYTES_MIN + subjectLength + whyLength) throw new ProtocolError('truncated', 'a decision ends too early');
  if (length > BYTES_MIN + subjectLength + whyLength) throw new ProtocolError('leftOver', 'bytes after a decision');
  if (whyLength > limits.whyBytesMax) throw new ProtocolError('tooLong', `a reason of ${whyLength} bytes`);
  const basis = readU64(bytes, offset + BASIS_AT);
  const count = readU64(bytes, offset + COUNT_AT);
  const ageMs = readU64(bytes, offset + AGE_AT);
  const fault = faultOf(basis, count, ageMs);
  if (fault !== undefined) throw new ProtocolError('outOfRange', `decision: ${fault}`);
  return {
    verb,
    id: bytes.subarray(offset + ID_AT, offset + BASIS_AT),
    basis,
    subject: textAt(asBuffer(bytes), subjectAt, subjectAt + subjectLength),
    count,
    ageMs,
    tokenHash: bytes.subarray(offset + TOKEN_AT, offset + SUBJECT_AT),
    why: textAt(asBuffer(bytes), whyAt, whyAt + whyLength),
  };
}

function faultOf(basis: number, count: number, ageMs: number): string | undefined {
  if (!Number.isInteger(basis) || basis < 0 || basis > U53_MAX) return `basis ${basis}`;
  if (!Number.isInteger(count) || count < 0 || count > U53_MAX) return `count ${count}`;
  if (!Number.isInteger(ageMs) || ageMs < 0 || ageMs > limits.retainAgeMsMax) return `age ${ageMs}`;
  return undefined;
}
