/** What may be given to the scale benchmark, in one place: all its parts share one command line. */

export const defaults = {
  /** Seconds of each window, and before it. */
  seconds: 10,
  warmup: 3,
  size: 100,
  /** idle-clients: how many, in how many processes, and how long all are left alone before memory is read. */
  idle: 10_000,
  processes: 4,
  settle: 15,
  /** active-clients. */
  active: 1_000,
  rooms: 1_000,
  /** messages: how many, in so many steps. */
  messages: 5_000_000,
  steps: 5,
  /** catch-up. */
  slots: 1_000_000,
};

export type ScaleOptions = Readonly<typeof defaults>;
