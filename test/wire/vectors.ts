/** Loads the recorded vectors: each message as JSON beside the bytes of its frame. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../src/wire/index.js';
import { type Built, build, type Protocol, seal } from './layout.js';
import { fromTable, revive, toTable } from './shapes.js';

const FOLDER = 'test/wire/vectors';

interface Recorded {
  readonly name: string;
  /** As in the tables of docs/PROTOCOL.md, except that groups list their events; a submit's run is spelled out. */
  readonly message: { readonly type: string };
  readonly frame: string;
}

export interface Vector {
  readonly name: string;
  readonly message: Message;
  /** As recorded. */
  readonly frame: Buffer;
  /** Built now from the tables. */
  readonly built: Built;
  readonly code: number;
}

export function loadVectors(protocol: Protocol): Vector[] {
  return files().flatMap((file) => readFile(file).map((recorded) => toVector(protocol, recorded)));
}

/** Writes every vector's frame anew from the tables, never from the code under test. */
export function recordVectors(protocol: Protocol): void {
  for (const file of files()) {
    const recorded = readFile(file).map((vector) => {
      const { built, code } = toVector(protocol, vector);
      return { ...vector, frame: seal(code, built.bytes).toString('hex') };
    });
    writeFileSync(join(FOLDER, file), `[\n${recorded.map((vector) => JSON.stringify(vector)).join(',\n')}\n]\n`);
  }
}

function files(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
}

function readFile(file: string): Recorded[] {
  return JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded[];
}

function toVector(protocol: Protocol, { name, message, frame }: Recorded): Vector {
  const { type, ...value } = revive(message) as { type: string } & Record<string, unknown>;
  const layout = protocol.messages.get(type);
  if (layout === undefined) throw new Error(`${name}: PROTOCOL.md has no message ${type}`);
  const built = build(protocol, layout.fields, toTable(value), type);
  return {
    name: `${type}: ${name}`,
    message: fromVector(protocol, type, value),
    frame: Buffer.from(frame, 'hex'),
    built,
    code: layout.code,
  };
}

function fromVector(protocol: Protocol, type: string, value: Record<string, unknown>): Message {
  return type === 'submit' ? fromTable(protocol, type, value) : ({ type, ...value } as unknown as Message);
}
