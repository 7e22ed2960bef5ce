/** Durations as people write them, `200ms`, `1.5s`, `2m`; all inside is milliseconds. */
import { PlanError, quoted } from './errors.js';

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A day: longer faults are better left on until somebody takes them away. */
export const durationMsMax = 24 * 3_600_000;

/**
 * Reads a duration in milliseconds from a text with its unit, or from a number, which means milliseconds.
 *
 * @throws PlanError that names `field`.
 */
export function readDurationMs(field: string, value: unknown): number {
  const found = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/.exec(value.trim()) : null;
  const unit = found?.[2] === 'µs' ? 'us' : (found?.[2] ?? '');
  const ms = typeof value === 'number' ? value : toMicroseconds(Number(found?.[1]) * (unitMs[unit] ?? Number.NaN));
  if (ms >= 0 && ms <= durationMsMax) return ms;
  throw new PlanError(`${field}: ${quoted(value)} is no time up to 24h; write it with its unit, as 200ms or 1.5s`);
}

/** The shortest text that means so many milliseconds. */
export function durationText(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms >= 1_000 && ms % 100 === 0) return `${ms / 1_000}s`;
  return `${toMicroseconds(ms)}ms`;
}

/** Without the dust of binary fractions: 522.3s is 522300 ms. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
