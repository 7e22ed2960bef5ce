/**
 * `node …/record-vectors.js`: rewrites the frames of test/wire/vectors from docs/PROTOCOL.md. Commit only what you
 * understand.
 */
import { readProtocol } from './layout.js';
import { recordVectors } from './vectors.js';

recordVectors(readProtocol());
