/** Counts of durations in fixed buckets: observing one allocates nothing and takes nanoseconds. */

export class Histogram {
  /** Upper bounds in seconds, ascending; above the last there is one bucket more. */
  readonly bounds: readonly number[];
  private readonly counts: Float64Array;
  /** `sum[0]`: of all observed. In an array, because a number property that changes is allocated anew each time. */
  private readonly total = new Float64Array(1);

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** @param seconds negative ones count as 0 */
  observe(seconds: number): void {
    const { bounds, counts, total } = this;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket++;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    total[0] = (total[0] ?? 0) + Math.max(0, seconds);
  }

  /** Observations up to each bound, then all. */
  cumulative(): number[] {
    let sum = 0;
    return Array.from(this.counts, (count) => {
      sum += count;
      return sum;
    });
  }

  get sum(): number {
    return this.total[0] ?? 0;
  }
}
