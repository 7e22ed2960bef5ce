/** Properties that can be repeated: the seed of this run, or the one that SYNOD_SEED names. */

const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);

/** For fc.assert: a failure prints the seed, and `SYNOD_SEED=… node dist/test/….test.js` repeats it. */
export const repeatable = { seed, numRuns: 200 } as const;
