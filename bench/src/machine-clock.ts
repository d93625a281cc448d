/** The machine's monotonic clock, which all of its processes share: times of one can be compared with times of another. */

/** In milliseconds, with microseconds behind the point. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
