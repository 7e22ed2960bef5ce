/** A full garbage collection now, for tests of what is no longer held. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');

export const collectGarbage = runInNewContext('gc') as () => void;
