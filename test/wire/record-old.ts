/**
 * `node …/record-old.js RELEASE`: writes what today's code makes of its own vectors to test/wire/vectors-RELEASE.json,
 * for later releases to agree with. Run it once, at the commit of a release.
 */
import { writeFileSync } from 'node:fs';
import { decode } from '../../src/wire/index.js';
import { readProtocol } from './layout.js';
import { plain } from './shapes.js';
import { loadVectors } from './vectors.js';

const [release = ''] = process.argv.slice(2);
if (!/^\d+\.\d+$/.test(release)) throw new Error('which release? As in: record-old.js 0.6');
const protocol = readProtocol();
const frames = loadVectors(protocol).map(({ name, frame }) =>
  JSON.stringify({ name, frame: frame.toString('hex'), meaning: plain(decode(frame.subarray(8))) }),
);
const enumerations = [...protocol.enumerations].map(
  ([name, words]) => `${JSON.stringify(name)}:${JSON.stringify(words)}`,
);
const text = `{"enumerations":{\n${enumerations.join(',\n')}\n},\n"frames":[\n${frames.join(',\n')}\n]}\n`;
writeFileSync(`test/wire/vectors-${release}.json`, text);
