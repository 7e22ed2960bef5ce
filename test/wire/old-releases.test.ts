/** What an earlier release says is still understood as it was meant then, and is still said in the same bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { decode, encode } from '../../src/wire/index.js';
import { readProtocol } from './layout.js';
import { plain } from './shapes.js';

const folder = 'test/wire';

interface Release {
  /** Words in the order of their numbers on the wire. */
  readonly enumerations: Readonly<Record<string, readonly string[]>>;
  readonly frames: readonly Recorded[];
}

interface Recorded {
  readonly name: string;
  readonly frame: string;
  /** What that release's own decoder made of the frame; bytes as `{ hex }`. */
  readonly meaning: Readonly<Record<string, unknown>>;
}

const files = readdirSync(folder).filter((name) => /^vectors-\d+\.\d+\.json$/.test(name));

t.test('0.6 is recorded, whole', async (t) => {
  t.ok(files.includes('vectors-0.6.json'));
  const { frames } = read('vectors-0.6.json');
  t.equal(frames.length, 100, 'every vector that it had');
  const types = new Set(frames.map(({ meaning }) => meaning.type));
  t.equal(types.size, 56, 'every message that it knew');
});

for (const file of files) {
  const release = file.slice('vectors-'.length, -'.json'.length);
  const { enumerations, frames } = read(file);

  // The document is held to the code by its own test.
  t.test(`${release}: words keep their numbers`, async (t) => {
    const now = readProtocol().enumerations;
    for (const [name, words] of Object.entries(enumerations))
      t.same(now.get(name)?.slice(0, words.length), words, `${name}: new words stand behind the old ones`);
  });

  for (const { name, frame, meaning } of frames) {
    t.test(`${release} ${name}`, async (t) => {
      const bytes = Buffer.from(frame, 'hex');
      const message = decode(bytes.subarray(8));
      const now = plain(message) as Record<string, unknown>;
      for (const [field, value] of Object.entries(meaning)) t.same(now[field], value, field);
      // A field that came later says nothing where the frame is an old one.
      for (const [field, value] of Object.entries(now)) {
        if (!(field in meaning)) t.ok(isNothing(value), `${field}, which is new: ${JSON.stringify(value)}`);
      }
      t.equal(Buffer.from(encode(message)).toString('hex'), frame, 'the same bytes');
    });
  }
}

function read(file: string): Release {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Release;
}

function isNothing(value: unknown): boolean {
  const empty = ['', 0, false, undefined];
  return empty.includes(value as string) || ['[]', '{"hex":""}', 'null'].includes(JSON.stringify(value));
}
