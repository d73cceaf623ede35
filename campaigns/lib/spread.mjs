/** How times are spread, in ms, and as words. */

/** @param {readonly number[]} values */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
  return { n: sorted.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

/**
 * Turns of a bot's loop that ended in a span: all of them, and those that analysed new candles.
 * @param {readonly import("./bot.mjs").Loop[]} loops @param {{ from_ms: number, to_ms: number }} span
 */
export function loopSpread(loops, { from_ms, to_ms }) {
  const within = loops.filter(({ at_ms }) => at_ms > from_ms && at_ms <= to_ms);
  const ms = (/** @type {readonly import("./bot.mjs").Loop[]} */ some) => spread(some.map((loop) => loop.ms));
  return { all: ms(within), candle: ms(within.filter(({ candle }) => candle)) };
}

/** @param {ReturnType<typeof spread>} of */
export function words({ n, p50_ms, p99_ms, max_ms }) {
  return `${p50_ms} / ${p99_ms} / ${max_ms} ms (${n})`;
}

/** First quarter's median and last quarter's, in MB: what a process begins with is not yet warm. @param {readonly number[]} mb */
export function memoryCourse(mb) {
  const quarter = Math.max(1, Math.floor(mb.length / 4));
  const median = (/** @type {readonly number[]} */ some) =>
    [...some].sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? Number.NaN;
  const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
  return {
    first: round(mb[0] ?? Number.NaN),
    early: round(median(mb.slice(0, quarter))),
    late: round(median(mb.slice(-quarter))),
    last: round(mb.at(-1) ?? Number.NaN),
  };
}
