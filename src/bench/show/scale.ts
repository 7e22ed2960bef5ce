/** From figures to places on a chart, and where its ticks are. */

export interface Scale {
  /** The place of a value; values outside end at the edge. */
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

/** Linear from 0 to at least `most`, with four to seven round ticks. */
export function linearScale(
  most: number,
  from: number,
  to: number,
  text: (value: number) => string,
  endsAtMost = false,
): Scale {
  const highest = most > 0 ? most : 1;
  const rough = highest / 6;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  const end = endsAtMost ? highest : Math.ceil(highest / step) * step;
  const count = Math.floor(end / step + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => ({ value: index * step, text: text(index * step) }));
  return { at: between(from, to, (value) => value / end), ticks };
}

/** Logarithmic over whole decades that hold both values, which are above 0. */
export function logScale(
  least: number,
  most: number,
  from: number,
  to: number,
  text: (value: number) => string,
): Scale {
  const low = Math.floor(Math.log10(least) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(most) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => {
    const value = 10 ** (low + index);
    return { value, text: text(value) };
  });
  return { at: between(from, to, (value) => (Math.log10(Math.max(value, 1e-9)) - low) / (high - low)), ticks };
}

/** Percentiles, each nine as far from the next: 0 %, 90 %, 99 %, … as many as `count` values can tell apart. */
export function percentileScale(count: number, from: number, to: number): Scale {
  const nines = Math.min(9, Math.max(1, Math.ceil(Math.log10(Math.max(count, 1)))));
  const share = (percent: number): number => {
    const rest = 1 - percent / 100;
    return rest <= 0 ? 1 : Math.log10(1 / rest) / nines;
  };
  const ticks = Array.from({ length: nines + 1 }, (_, index) => {
    const value = Number((100 - 100 / 10 ** index).toFixed(9));
    return { value, text: `${value} %` };
  });
  // Where all nines end stands the maximum.
  return { at: between(from, to, share), ticks };
}

function between(from: number, to: number, share: (value: number) => number): (value: number) => number {
  return (value) => from + (to - from) * Math.min(1, Math.max(0, share(value)));
}
