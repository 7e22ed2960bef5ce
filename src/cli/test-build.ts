/**
 * What only tests may ask of a process: `SYNOD_TEST_BUILD=1` makes it a test build, and without that word every other
 * one here is ignored, so that no server of a user crashes for a variable that happens to be set.
 *
 *   SYNOD_FAILPOINTS         what happens where (base/failpoint.ts)
 *   SYNOD_FAILPOINTS_REPORT  a file to which each failpoint that acts appends its name
 *   SYNOD_SEGMENT_BYTES      length of a log segment, so that logs roll after a few lines
 *   SYNOD_RETAIN_BYTES       as --retain, but as small as wanted
 */
import { appendFileSync } from 'node:fs';
import { armFailpoints } from '../base/index.js';
import type { ServerOptions } from '../daemon/index.js';

/** Arms failpoints, and gives the options that stand in for the command line's. @throws Error for what is none. */
export function testBuildOptions(environment: NodeJS.ProcessEnv): Pick<ServerOptions, 'segmentBytes' | 'retainBytes'> {
  if (environment.SYNOD_TEST_BUILD !== '1') return {};
  const { SYNOD_FAILPOINTS: spec, SYNOD_FAILPOINTS_REPORT: report } = environment;
  if (spec !== undefined) {
    armFailpoints(spec, (name, action) => {
      if (report !== undefined) appendFileSync(report, `${name} ${action}\n`);
    });
  }
  const { SYNOD_SEGMENT_BYTES: segment, SYNOD_RETAIN_BYTES: retain } = environment;
  return {
    ...(segment === undefined ? {} : { segmentBytes: Number(segment) }),
    ...(retain === undefined ? {} : { retainBytes: Number(retain) }),
  };
}
