/** Processor time: what a computation costs, however busy the machine is that it runs on. */

/** Used by this process so far, in ms. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
