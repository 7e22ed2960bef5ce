/** The face of base: things without opinions, used by every other folder. */
export { type Address, formatAddress, hostsToTry, hostToBind, isUnspecified, parseAddress } from './address.js';
export { assert, InvariantError, unreachable } from './assert.js';
export { BoundedQueue } from './bounded-queue.js';
export { BucketHistogram, bytesBounds, countBounds, quantileOf, secondsBounds } from './bucket-histogram.js';
export {
  asBuffer,
  compareBytes,
  equalBytes,
  fromHex,
  isAllZero,
  readU16,
  readU32,
  readU64,
  toHex,
  U53_MAX,
  writeU16,
  writeU32,
  writeU53,
} from './bytes.js';
export type { Clock, Timer } from './clock.js';
export { type CollapseOptions, CollapsingLogger, type LogLevel, logLevels } from './collapsing-log.js';
export { configDirectory } from './config-directory.js';
export { crc32 } from './crc32.js';
export { crc32c } from './crc32c.js';
export { ExitError, exitCodes } from './exit-error.js';
export { armFailpoints, type FailpointName, failpoint, failpointNames, failStep } from './failpoint.js';
export { assertLimitsAgree, type Limits, limits } from './limits.js';
export { type LogFields, type Logger, silentLogger } from './log.js';
export { isLoopback } from './loopback.js';
export { exposedCollection, type MemoryFigures, QuietCollector, tuneMemory, YoungBound } from './memory.js';
export { nearest } from './nearest.js';
export { nodeClock } from './node-clock.js';
export { otherName } from './other-name.js';
export { pause } from './pause.js';
export { Prng } from './prng.js';
export { readAtMost } from './read-at-most.js';
export { sanitise } from './sanitise.js';
export { sha256 } from './sha256.js';
export { SmallMap, SmallSet } from './small.js';
export { type Column, renderTable } from './table.js';
export { TroubleLog, type Voice } from './trouble-log.js';
export { isAscii, isUtf8, viewAround } from './utf8.js';
