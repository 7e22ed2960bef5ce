/** Reads the tables of docs/PROTOCOL.md and builds bytes from them: the slow, obvious second builder. */
import { readFileSync } from 'node:fs';

export interface Field {
  readonly name: string;
  readonly form: string;
  readonly low: bigint;
  /** Undefined: whatever the form allows. */
  readonly high: bigint | undefined;
}

export interface MessageLayout {
  readonly type: string;
  readonly code: number;
  readonly from: string[];
  readonly to: string[];
  readonly faultClass: string;
  readonly limit: string;
  readonly fields: readonly Field[];
}

export interface Protocol {
  readonly messages: ReadonlyMap<string, MessageLayout>;
  readonly structures: ReadonlyMap<string, readonly Field[]>;
  readonly enumerations: ReadonlyMap<string, readonly string[]>;
  readonly limits: ReadonlyMap<string, number>;
}

/** Where a number, a length, a count, an enumeration or a boolean was written. */
export interface Mark {
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
  readonly kind: 'number' | 'length' | 'count' | 'enum' | 'bool' | 'text';
  readonly low: bigint;
  readonly high: bigint;
}

export interface Built {
  readonly bytes: number[];
  readonly marks: Mark[];
}

const U53_MAX = 2n ** 53n - 1n;
const NUMBERS: Record<string, [bytes: number, high: bigint]> = {
  u8: [1, 0xffn],
  u16: [2, 0xffffn],
  u32: [4, 0xffffffffn],
  u53: [8, U53_MAX],
};

export function readProtocol(path = 'docs/PROTOCOL.md'): Protocol {
  const messages = new Map<string, MessageLayout>();
  const structures = new Map<string, Field[]>();
  const enumerations = new Map<string, string[]>();
  const limits = new Map<string, number>();
  let fields: Field[] | undefined;
  let heading: { code: number; type: string } | undefined;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const limitLine = /^The whole frame, header included.*limit: (.*)\.$/.exec(line);
    const enumLine = /^- \*\*(\w+)\*\*: (.*)$/.exec(line);
    const structureLine = /^#### structure (\w+)$/.exec(line);
    const messageLine = /^#### (\d+) (\w+)$/.exec(line);
    const whoLine = /^(.*) → (.*) · fault class (\S) · limit (\w+)$/.exec(line);
    const row = /^\| (\w+) \| ([\w ]+) \| (\S*) ?\| .*\|$/.exec(line);
    if (limitLine) {
      for (const part of (limitLine[1] as string).split(' · ')) {
        const [, name, number] = /^\*\*(\w+)\*\* ([\d,]+)$/.exec(part) as unknown as [string, string, string];
        limits.set(name, Number(number.replaceAll(',', '')));
      }
    } else if (enumLine) {
      const words = (enumLine[2] as string).split(' · ').map((part, i) => {
        const [code, word] = part.split(' ') as [string, string];
        if (Number(code) !== i + 1) throw new Error(`${line}: code ${code}`);
        return word;
      });
      enumerations.set(enumLine[1] as string, words);
    } else if (structureLine) {
      fields = [];
      structures.set(structureLine[1] as string, fields);
    } else if (messageLine) {
      heading = { code: Number(messageLine[1]), type: messageLine[2] as string };
    } else if (whoLine && heading) {
      fields = [];
      const [, from, to, faultClass, limit] = whoLine as unknown as [string, string, string, string, string];
      messages.set(heading.type, { ...heading, from: from.split(', '), to: to.split(', '), faultClass, limit, fields });
      heading = undefined;
    } else if (row && fields && row[1] !== 'Field') {
      const [low, high] = (row[3] as string).split('..');
      fields.push({
        name: row[1] as string,
        form: row[2] as string,
        low: BigInt(low || 0),
        high: high ? BigInt(high) : undefined,
      });
    }
  }
  return { messages, structures, enumerations, limits };
}

type Value = unknown;

/** The bytes of a structure or of a message's body. */
export function build(protocol: Protocol, fields: readonly Field[], value: Value, path = ''): Built {
  const built: Built = { bytes: [], marks: [] };
  buildFields(protocol, built, fields, value as Record<string, Value>, path);
  return built;
}

function buildFields(
  p: Protocol,
  out: Built,
  fields: readonly Field[],
  value: Record<string, Value>,
  path: string,
): void {
  for (const field of fields) {
    if (!(field.name in value)) throw new Error(`${path}.${field.name} is missing`);
    buildForm(p, out, field, value[field.name], `${path}.${field.name}`);
  }
}

function buildForm(p: Protocol, out: Built, field: Field, value: Value, path: string): void {
  const { form } = field;
  const number = NUMBERS[form];
  const [word, argument = ''] = form.split(' ') as [string, string?];
  if (number) {
    putMarked(
      out,
      { path, kind: 'number', bytes: number[0], low: field.low, high: field.high ?? number[1] },
      value as number,
    );
  } else if (form === 'bool') {
    putMarked(out, { path, kind: 'bool', bytes: 1, low: 0n, high: 1n }, value ? 1 : 0);
  } else if (word === 'enum') {
    const words = p.enumerations.get(argument) as string[];
    const code = words.indexOf(value as string) + 1;
    if (code === 0) throw new Error(`${path}: ${String(value)} is none of ${argument}`);
    putMarked(out, { path, kind: 'enum', bytes: 1, low: 1n, high: BigInt(words.length) }, code);
  } else if (argument === 'bytes') {
    if ((value as Uint8Array).length !== Number(word)) throw new Error(`${path}: ${form}`);
    out.bytes.push(...(value as Uint8Array));
  } else if (word === 'bytes16' || word === 'bytes32' || word === 'text' || word === 'text8') {
    const bytes = word.startsWith('text') ? new TextEncoder().encode(value as string) : (value as Uint8Array);
    const size = word === 'text8' ? 1 : word === 'bytes32' ? 4 : 2;
    const high = field.high ?? 2n ** BigInt(8 * size) - 1n;
    putMarked(out, { path: `${path}.length`, kind: 'length', bytes: size, low: 0n, high }, bytes.length);
    if (word.startsWith('text') && bytes.length > 0) {
      out.marks.push({ path, kind: 'text', at: out.bytes.length, bytes: bytes.length, low: 0n, high: 0n });
    }
    for (const byte of bytes) out.bytes.push(byte);
  } else if (word === 'list16' || word === 'list32') {
    const size = word === 'list16' ? 2 : 4;
    const items = value as Value[];
    const high = field.high ?? 2n ** BigInt(8 * size) - 1n;
    putMarked(out, { path: `${path}.count`, kind: 'count', bytes: size, low: field.low, high }, items.length);
    for (const [i, item] of items.entries()) buildElement(p, out, argument, item, `${path}[${i}]`);
  } else if (word === 'items') {
    for (const [i, item] of (value as Value[]).entries()) buildElement(p, out, argument, item, `${path}[${i}]`);
  } else {
    buildElement(p, out, word === 'rest' ? argument : form, value, path);
  }
}

function buildElement(p: Protocol, out: Built, form: string, value: Value, path: string): void {
  const structure = p.structures.get(form);
  if (structure) buildFields(p, out, structure, value as Record<string, Value>, path);
  else if (NUMBERS[form] || /^(bool|text8?|bytes\d\d|enum|\d+ bytes)/.test(form)) {
    buildForm(p, out, { name: '', form, low: 0n, high: undefined }, value, path);
  } else throw new Error(`${path}: no form or structure is called ${form}`);
}

function putMarked(out: Built, mark: Omit<Mark, 'at'>, value: number): void {
  out.marks.push({ ...mark, at: out.bytes.length });
  put(out.bytes, BigInt(value), mark.bytes);
}

/** `value` as `size` bytes big-endian. */
export function put(bytes: number[], value: bigint, size: number): void {
  for (let i = size - 1; i >= 0; i--) bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
}

/** CRC-32 bit by bit. */
export function slowCrc32(bytes: Iterable<number>): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A whole frame around a body. */
export function seal(code: number, body: readonly number[], version = 1, reserved = 0): Buffer {
  const content = [version, code, reserved >> 8, reserved & 0xff, ...body];
  const frame: number[] = [];
  put(frame, BigInt(content.length), 4);
  put(frame, BigInt(slowCrc32(content)), 4);
  return Buffer.from([...frame, ...content]);
}
