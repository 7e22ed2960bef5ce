/** Figures as people read them. */

/** `712,334`. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Milliseconds with about three digits, from µs: `0.412`, `2.53`, `18.2`, `1,204`; `-` for none. */
export function msText(us: number | null): string {
  if (us === null || Number.isNaN(us)) return '-';
  const ms = us / 1_000;
  const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return ms.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A duration from µs with the unit that suits it: `412 µs`, `2.5 ms`, `1.2 s`. */
export function durationUsText(us: number): string {
  const [value, unit] = us < 1_000 ? [us, 'µs'] : us < 1e6 ? [us / 1e3, 'ms'] : [us / 1e6, 's'];
  return `${Number(value.toPrecision(3)).toLocaleString('en')} ${unit}`;
}

/** `5.00 s`, from ms. */
export function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function mebibytesText(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
