/** What an earlier release says is still understood as it was meant then, and is still said in the same bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { decode, encode } from '../../src/wire/index.js';
import { plain } from './shapes.js';

const folder = 'test/wire';

interface Recorded {
  readonly name: string;
  readonly frame: string;
  /** What that release's own decoder made of the frame; bytes as `{ hex }`. */
  readonly meaning: Readonly<Record<string, unknown>>;
}

const files = readdirSync(folder).filter((name) => /^vectors-\d+\.\d+\.json$/.test(name));

t.test('0.6 is recorded, whole', async (t) => {
  t.ok(files.includes('vectors-0.6.json'));
  const recorded = read('vectors-0.6.json');
  t.equal(recorded.length, 100, 'every vector that it had');
  const types = new Set(recorded.map(({ meaning }) => meaning.type));
  t.equal(types.size, 56, 'every message that it knew');
});

for (const file of files) {
  for (const { name, frame, meaning } of read(file)) {
    t.test(`${file.slice('vectors-'.length, -'.json'.length)} ${name}`, async (t) => {
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

function read(file: string): Recorded[] {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Recorded[];
}

function isNothing(value: unknown): boolean {
  const empty = ['', 0, false, undefined];
  return empty.includes(value as string) || ['[]', '{"hex":""}', 'null'].includes(JSON.stringify(value));
}
